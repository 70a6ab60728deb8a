"""Composes the MIME message of an email. The same event always produces the same bytes."""

import hashlib
import re
from datetime import datetime
from email.errors import HeaderParseError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr

import idna
import msgspec

from notification_service.email.errors import InvalidEmail
from notification_service.email.templates import RenderedEmail

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
# Characters that end or change an address, and the start of an encoded word, which email.message decodes.
BLANKS = " \t\u00a0\u3000"
FORBIDDEN_IN_ADDRESS = re.compile(r"[\s<>\x00-\x1f\x7f-\x9f\"(),:;\[\]\\]|=\?")


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A MIME message with its SMTP envelope.

    `utf8` is True if an address needs SMTPUTF8 (RFC 6531); otherwise all headers are ASCII (RFC 2047).
    """

    sender: str
    recipient: str
    message_id: str
    content: bytes
    utf8: bool = False


def parse_from_address(text: str) -> Address:
    """Parses a From header such as `Tonegate <no-reply@example.org>`. Raises InvalidEmail."""
    name, address = parseaddr(text)
    return _parse_address(address, display_name=name)


def compose(
    rendered: RenderedEmail,
    from_address: Address,
    *,
    event_id: str,
    written_at: datetime,
    request_id: str = "",
) -> Mail:
    """Composes the message for one event. Raises InvalidEmail for a malformed recipient address.

    Message-ID, Date (the time of the event) and the MIME boundary are derived from the event: a repeated
    email has the same bytes, so mailboxes can drop it as a duplicate (RFC 5322 §3.6.4).
    """
    recipient = _parse_address(rendered.to)
    digest = hashlib.sha256(event_id.encode("utf-8", "surrogatepass")).hexdigest()[:40]
    utf8 = not (recipient.addr_spec.isascii() and from_address.addr_spec.isascii())
    message = EmailMessage(policy=(SMTPUTF8 if utf8 else SMTP).clone(refold_source="none"))
    message["From"] = from_address
    message["To"] = recipient
    message.set_raw("Subject", _encode_subject(rendered.subject))
    message["Date"] = format_datetime(written_at)
    message["Message-ID"] = f"<{digest}@{from_address.domain}>"
    # Suppress automatic replies: RFC 3834 §5, and the header of Microsoft Exchange.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    if REQUEST_ID.fullmatch(request_id):
        message["X-Request-ID"] = request_id
    message.set_content(rendered.text, cte="quoted-printable")
    message.add_alternative(rendered.html, subtype="html", cte="quoted-printable")
    message.set_boundary(f"=_{digest}")
    return Mail(
        sender=from_address.addr_spec,
        recipient=recipient.addr_spec,
        message_id=message["Message-ID"],
        content=message.as_bytes(),
        utf8=utf8,
    )


def _encode_subject(text: str) -> str:
    """Encodes and folds a Subject header (RFC 2047).

    email.message would decode an encoded word within `text` and write the result unencoded, so that a file
    named `=?utf-8?q?=0D=0ABcc:_…?=` would add a header.
    """
    plain = text.isascii() and "=?" not in text
    return Header(text, "us-ascii" if plain else "utf-8", header_name="Subject", maxlinelen=76).encode()


def _parse_address(text: str, display_name: str = "") -> Address:
    """Parses one mailbox; an international domain becomes ASCII, which any mail server accepts.

    By IDNA 2008, as in auth_service: by IDNA 2003 `straße.example` would be another domain.
    """
    text = text.strip(BLANKS)
    user, at, domain = text.rpartition("@")
    if not (user and at and domain) or len(text) > 254 or FORBIDDEN_IN_ADDRESS.search(text):
        raise InvalidEmail("the address is not one that mail can be sent to")
    try:
        host = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
        if FORBIDDEN_IN_ADDRESS.search(host):
            raise InvalidEmail("the address is not one that mail can be sent to")
        return Address(display_name=display_name, username=user, domain=host)
    except (HeaderParseError, UnicodeError, ValueError) as invalid:
        raise InvalidEmail("the address is not one that mail can be sent to") from invalid
