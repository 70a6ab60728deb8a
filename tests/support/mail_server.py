"""SMTP server in the event loop of the test, with configurable replies, delays, TLS and disconnects."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from devstack.ports import free_port

OK = "250 OK"


@dataclass(kw_only=True)
class Behaviour:
    """Replies of the server: those in the lists, in order, then `250 OK`."""

    sender: list[str] = field(default_factory=list)
    recipient: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    drop_after_data: int = 0
    hang_at_data: bool = False
    data_pause_s: float = 0.0
    answers_late: bool = False
    ignores_quit: bool = False
    pause_s: float = 0.0
    starttls: ssl.SSLContext | None = None
    tls: ssl.SSLContext | None = None
    login: tuple[bytes, bytes] | None = None
    auth_over_plain: bool = False
    smtputf8: bool = True


@dataclass
class Received:
    """An accepted message with its envelope and connection."""

    sender: str
    recipients: list[str]
    content: bytes
    encrypted: bool
    user: bytes | None
    utf8: bool


class MailServer:
    """Stores accepted messages in `taken`; `tries` counts messages that reached the end of DATA."""

    def __init__(self, behaviour: Behaviour | None = None, port: int = 0) -> None:
        self.behaviour = behaviour or Behaviour()
        self.port = port or free_port()
        self.taken: list[Received] = []
        self.tries = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.WriteTransport] = set()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._protocol, "127.0.0.1", self.port, ssl=self.behaviour.tls
        )

    async def stop(self) -> None:
        """Closes the listening socket and every connection."""
        if self._server is not None:
            self._server.close()
            for transport in self._open:
                transport.abort()
            await self._server.wait_closed()
            self._server = None

    def _protocol(self) -> SMTP:
        wanted = self.behaviour
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS")
            return Smtp(
                self,
                hostname="mail.test",
                enable_SMTPUTF8=wanted.smtputf8,
                tls_context=wanted.starttls,
                authenticator=self._authenticate if wanted.login else None,
                auth_required=wanted.login is not None,
                auth_require_tls=not (wanted.auth_over_plain or wanted.tls),
            )

    def opened(self, transport: asyncio.WriteTransport) -> None:
        self._open.add(transport)

    def _authenticate(self, *given: object) -> AuthResult:
        data = given[-1]
        right = isinstance(data, LoginPassword) and (data.login, data.password) == self.behaviour.login
        return AuthResult(
            success=right, handled=right, auth_data=data.login if isinstance(data, LoginPassword) else None
        )

    async def handle_MAIL(  # noqa: N802 - aiosmtpd calls this name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await asyncio.sleep(self.behaviour.pause_s)
        answer = _next(self.behaviour.sender)
        if answer == OK:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await asyncio.sleep(self.behaviour.pause_s)
        answer = _next(self.behaviour.recipient)
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.tries += 1
        if self.behaviour.hang_at_data:
            await asyncio.Event().wait()
        await asyncio.sleep(self.behaviour.data_pause_s)
        answer = _next(self.behaviour.data)
        if answer == OK:
            self._take(server, session, envelope)
        if self.behaviour.answers_late:
            await asyncio.Event().wait()
        if self.behaviour.drop_after_data:
            self.behaviour.drop_after_data -= 1
            _transport(server).abort()
        return answer

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.behaviour.ignores_quit:
            await asyncio.Event().wait()
        return "221 Bye"

    def _take(self, server: SMTP, session: Session, envelope: Envelope) -> None:
        content = envelope.content or b""
        self.taken.append(
            Received(
                sender=envelope.mail_from or "",
                recipients=list(envelope.rcpt_tos),
                content=content if isinstance(content, bytes) else content.encode(),
                encrypted=_transport(server).get_extra_info("sslcontext") is not None,
                user=session.auth_data if isinstance(session.auth_data, bytes) else None,
                utf8="SMTPUTF8" in envelope.mail_options,
            )
        )


class Smtp(SMTP):
    """Registers each connection with its MailServer, which closes it at stop."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.event_handler.opened(transport)
        super().connection_made(transport)


def _transport(server: SMTP) -> asyncio.WriteTransport:
    return cast("asyncio.WriteTransport", server.transport)


@asynccontextmanager
async def mail_server(behaviour: Behaviour | None = None, port: int = 0) -> AsyncIterator[MailServer]:
    server = MailServer(behaviour, port)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def _next(answers: list[str]) -> str:
    return answers.pop(0) if answers else OK
