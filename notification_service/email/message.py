"""A letter as the bytes that go over the wire. The same event always becomes the same bytes."""

import hashlib
import re
from datetime import datetime
from email.errors import HeaderParseError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr

import msgspec

from notification_service.email.templates import Letter, Unwritable

SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
# What ends or bends an address, and what email.message would take for an encoded word and decode.
FORBIDDEN_IN_ADDRESS = re.compile(r"[\s<>\x00-\x1f\x7f-\x9f\"(),:;\[\]\\]|=\?")


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """One message, its envelope and the id that every copy of it carries.

    `utf8` says that an address needs SMTPUTF8 (RFC 6531); otherwise all headers are ASCII (RFC 2047).
    """

    sender: str
    recipient: str
    message_id: str
    content: bytes
    utf8: bool = False


class Sender:
    """The From line, from a setting such as `Tonegate <no-reply@example.org>`."""

    def __init__(self, written: str) -> None:
        name, address = parseaddr(written)
        self.address = _address(address, display_name=name)

    @property
    def domain(self) -> str:
        return self.address.domain


def compose(
    letter: Letter, sender: Sender, *, event_id: str, written_at: datetime, request_id: str = ""
) -> Mail:
    """The mail for one event. Raises Unwritable when the recipient is no address that mail can go to.

    Message-ID, Date (the event's own time) and the MIME boundary come from the event: a mail that had to be
    sent again is the same mail byte for byte, and mailboxes that drop duplicates drop it (RFC 5322 §3.6.4).
    """
    recipient = _address(letter.to)
    digest = hashlib.sha256(event_id.encode("utf-8", "surrogatepass")).hexdigest()[:40]
    utf8 = not (recipient.addr_spec.isascii() and sender.address.addr_spec.isascii())
    message = EmailMessage(policy=(SMTPUTF8 if utf8 else SMTP).clone(refold_source="none"))
    message["From"] = sender.address
    message["To"] = recipient
    message.set_raw("Subject", _subject(letter.subject))
    message["Date"] = format_datetime(written_at)
    message["Message-ID"] = f"<{digest}@{sender.domain}>"
    # RFC 3834 §5 and Exchange's own: no out-of-office notes in answer.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    if SANE_REQUEST_ID.fullmatch(request_id):
        message["X-Request-ID"] = request_id
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    message.set_boundary(f"=_{digest}")
    return Mail(
        sender=sender.address.addr_spec,
        recipient=recipient.addr_spec,
        message_id=message["Message-ID"],
        content=message.as_bytes(),
        utf8=utf8,
    )


def _subject(text: str) -> str:
    """RFC 2047, folded.

    Not left to email.message: it decodes what looks like an encoded word in a given text and writes the
    result as it is, so that a file named `=?utf-8?q?=0D=0ABcc:_…?=` would add a header. Here it is encoded.
    """
    plain = text.isascii() and "=?" not in text
    return Header(text, "us-ascii" if plain else "utf-8", header_name="Subject", maxlinelen=76).encode()


def _address(written: str, display_name: str = "") -> Address:
    """One bare mailbox; an international domain in its ASCII form, so that any server can take it."""
    user, at, domain = written.rpartition("@")
    if not (user and at and domain) or len(written) > 254 or FORBIDDEN_IN_ADDRESS.search(written):
        raise Unwritable("the address is not one that mail can be sent to")
    try:
        host = domain.encode("idna").decode("ascii")
        if FORBIDDEN_IN_ADDRESS.search(host):  # IDNA 2003 takes characters apart: an accent hides a space
            raise Unwritable("the address is not one that mail can be sent to")
        return Address(display_name=display_name, username=user, domain=host)
    except (HeaderParseError, UnicodeError, ValueError) as bad:
        raise Unwritable("the address is not one that mail can be sent to") from bad
