"""Mail sink for development: accepts all mail, delivers none, stores each message as a file."""

import smtplib
import sys
from collections.abc import Mapping, Sequence
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path

from devstack.daemon import Daemon
from devstack.home import Home
from devstack.servers.environment import plain_environment


class MailSink(Daemon):
    """Stores messages as `<directory>/*.eml`; file names sort by time of arrival."""

    def __init__(self, home: Home, port: int, directory: Path, name: str = "mail") -> None:
        super().__init__(name, home)
        self.port = port
        self.directory = directory

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def messages(self, to: str | None = None) -> list[EmailMessage]:
        """Returns the messages received so far, oldest first; with `to`, only those for that recipient."""
        arrived = map(read_message, sorted(self.directory.glob("*.eml")))
        return [message for message in arrived if to is None or to in message.get_all("Delivered-To", [])]

    def clear(self) -> None:
        for file in self.directory.glob("*.eml"):
            file.unlink(missing_ok=True)

    def command(self) -> Sequence[str]:
        return [sys.executable, "-m", "devstack.mailsink", str(self.port), str(self.directory)]

    def environment(self) -> Mapping[str, str]:
        return plain_environment()

    def is_ready(self) -> bool:
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=1) as client:
                return client.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False


def read_message(file: Path) -> EmailMessage:
    """Parses a message file, whose line ends are CRLF as in SMTP, into one with LF line ends."""
    message = message_from_bytes(file.read_bytes().replace(b"\r\n", b"\n"), policy=modern)
    assert isinstance(message, EmailMessage)  # that is what the policy makes
    return message
