"""Mail sink, `python -m devstack.mailsink PORT DIRECTORY`: stores each message received by SMTP in a file."""

import asyncio
import itertools
import os
import signal
import sys
import time
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

MAX_MESSAGE_BYTES = 10 * 1024 * 1024
MAX_MESSAGES = 20_000
# Listing the directory costs milliseconds, so old messages are pruned once per so many messages.
PRUNE_EVERY = 256


class Files:
    """Writes one file per message, atomically; prunes the oldest beyond `MAX_MESSAGES`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = itertools.count()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        body = content if isinstance(content, bytes) else (content or "").encode()
        self.keep(_delivery(envelope) + body)
        return "250 filed"

    def keep(self, message: bytes) -> None:
        number = next(self._numbers)
        name = f"{time.time_ns():020d}-{number:06d}"
        draft = self._directory / f".{name}.draft"  # `*.eml` matches hidden files too, for some readers
        draft.write_bytes(message)
        draft.replace(self._directory / f"{name}.eml")
        if number % PRUNE_EVERY == 0:
            self._prune()

    def _prune(self) -> None:
        for oldest in sorted(self._directory.glob("*.eml"))[:-MAX_MESSAGES]:
            oldest.unlink(missing_ok=True)


def _delivery(envelope: Envelope) -> bytes:
    """The envelope's addresses as the headers a delivering server adds (RFC 5321, 4.4; RFC 9228)."""
    recipients = "".join(f"Delivered-To: {address}\r\n" for address in envelope.rcpt_tos)
    return f"Return-Path: <{envelope.mail_from or ''}>\r\n{recipients}".encode()


async def serve(port: int, directory: Path) -> None:
    """Serves SMTP on 127.0.0.1 until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    files = Files(directory)
    server = await loop.create_server(
        lambda: SMTP(files, data_size_limit=MAX_MESSAGE_BYTES, hostname="localhost", enable_SMTPUTF8=True),
        host="127.0.0.1",
        port=port,
    )
    stopped = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stopped.set)
    await stopped.wait()
    server.close()


if __name__ == "__main__":
    os.umask(0o077)
    Path(sys.argv[2]).mkdir(parents=True, exist_ok=True)
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
