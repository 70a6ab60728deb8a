"""Mail server that pauses, and refuses some mails for a moment and one recipient for good."""

import asyncio
import email
import email.policy
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.faults.notifications import Arrivals

ACCEPT_S = (0.0, 0.1)
REFUSED_FOR_A_MOMENT = 0.05
UNKNOWN_RECIPIENT = "unknown@example.org"


class MailSink:
    """Listens on 127.0.0.1 while `listening` is entered; notes accepted mails by file name and Message-ID."""

    def __init__(self, port: int, rng: random.Random) -> None:
        self.url = f"smtp://127.0.0.1:{port}"
        self._port, self._rng = port, rng
        self._accepted: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        self._seen: set[str] = set()

    def mails(self, filename: str) -> Arrivals:
        """Returns the times of the mails so far by Message-ID."""
        return {message: tuple(times) for message, times in self._accepted[filename].items()}

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(self, hostname="localhost", enable_SMTPUTF8=True), "127.0.0.1", self._port
        )
        try:
            yield
        finally:
            server.close()
            await server.wait_closed()

    async def handle_RCPT(  # noqa: N802, aiosmtpd calls this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address == UNKNOWN_RECIPIENT:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Refuses a mail once at most, so that each is accepted after the shortest delay."""
        content = envelope.content
        body = content if isinstance(content, bytes) else (content or "").encode()
        mail = email.message_from_bytes(body, policy=email.policy.default)
        message = str(mail["Message-ID"])
        is_first = message not in self._seen
        self._seen.add(message)
        is_refused = is_first and self._rng.random() < REFUSED_FOR_A_MOMENT
        if not is_refused:
            filename = str(mail["Subject"]).rpartition(": ")[2]
            self._accepted[filename][message].append(time.time())
        await asyncio.sleep(self._rng.uniform(*ACCEPT_S))
        return "451 4.7.1 try again later" if is_refused else "250 OK"
