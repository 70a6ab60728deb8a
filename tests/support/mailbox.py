"""Emails in the folder of the development mail sink."""

import email
import email.policy
import re
from email.message import EmailMessage
from pathlib import Path

from tests.support.wait import until


class Mailbox:
    """Reads the `.eml` files in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def to(self, address: str) -> list[EmailMessage]:
        messages = (read(path) for path in sorted(self._folder.glob("*.eml")))
        return [message for message in messages if address in str(message["To"])]

    async def next_about_account(self, address: str, subject: str) -> EmailMessage:
        """Waits for the first email with this subject."""

        async def arrived() -> EmailMessage | None:
            return next((each for each in self.to(address) if str(each["Subject"]) == subject), None)

        return await until(arrived, what=f"the mail {subject!r} to {address}")

    async def next_to(self, address: str, *, count: int = 1) -> list[EmailMessage]:
        """Waits until `count` messages have arrived."""

        async def arrived() -> list[EmailMessage] | None:
            found = self.to(address)
            return found if len(found) >= count else None

        return await until(arrived, what=f"{count} mail(s) to {address}")


def read(path: Path) -> EmailMessage:
    return email.message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=email.policy.default)


def text_of(message: EmailMessage) -> str:
    return _part(message, "plain")


def html_of(message: EmailMessage) -> str:
    return _part(message, "html")


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None, f"the mail has no {kind} part"
    return str(part.get_content())


def link_in(message: EmailMessage) -> str:
    return first_link(text_of(message))


def first_link(text: str) -> str:
    found = re.search(r"https?://\S+", text)
    assert found, "the mail has no link"
    return found[0]
