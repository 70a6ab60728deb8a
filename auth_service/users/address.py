"""Email addresses: validation, and the canonical form that is unique among accounts."""

import re
import unicodedata

import idna
import msgspec
from email_validator import EmailNotValidError, validate_email

from auth_service.errors import bad_field

MAX_LENGTH = 254
MAX_LOCAL_LENGTH = 64
# Around an address they are the work of a keyboard or of the clipboard. Line ends are refused.
BLANKS = " \t\u00a0\u3000"

# A dot-atom (RFC 5322 §3.2.3) at a host name with at least two labels (RFC 1123 §2.1). Narrower than the
# grammar on purpose: no quoted strings, comments or address literals, nothing that could end a mail header.
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
TOP_LABEL = rf"(?=[A-Za-z0-9-]*[A-Za-z]){LABEL}"
DOMAIN = re.compile(rf"(?:{LABEL}\.)+{TOP_LABEL}")
ADDRESS = re.compile(rf"(?P<local>{ATOM}(?:\.{ATOM})*)@(?P<domain>{DOMAIN.pattern})")


class BadAddress(ValueError):
    """The text is not an acceptable email address."""


class EmailAddress(msgspec.Struct, frozen=True):
    """`written` as people write it; `canonical` is the same for all ways to write one mailbox."""

    written: str
    canonical: str


def parse_address(text: str) -> EmailAddress:
    """Parses an address, without blanks around it. Raises BadAddress.

    The canonical form is in lower case, its domain in ASCII (IDNA 2008), its local part in NFC. RFC 5321 §2.4
    leaves the case of the local part to the receiving host. No host in use distinguishes it, and two accounts
    that differ only in case would allow impersonation.
    """
    text = text.strip(BLANKS)
    if len(text) > MAX_LENGTH:
        raise _too_long()
    address = _parse_ascii(text) if text.isascii() else _parse_international(text)
    if len(address.canonical.encode()) > MAX_LENGTH:
        raise _too_long()
    if len(address.canonical.rpartition("@")[0].encode()) > MAX_LOCAL_LENGTH:
        raise _malformed()
    return address


def _parse_ascii(text: str) -> EmailAddress:
    if ADDRESS.fullmatch(text) is None:
        raise _malformed()
    return EmailAddress(text, text.lower())


def _parse_international(text: str) -> EmailAddress:
    """An address with other than ASCII characters in its domain (RFC 5890) or local part (RFC 6531)."""
    try:
        found = validate_email(text, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        raise _malformed() from None
    if DOMAIN.fullmatch(found.ascii_domain) is None:
        raise _malformed()
    local = unicodedata.normalize("NFC", found.local_part.lower())
    return EmailAddress(found.normalized, f"{local}@{found.ascii_domain.lower()}")


def canonical(address: str) -> str:
    """The canonical form of an address. Raises BadAddress."""
    return parse_address(address).canonical


def parse_email_field(email: str) -> EmailAddress:
    """Parses the request field `email`. Raises InvalidRequest."""
    try:
        return parse_address(email)
    except BadAddress as bad:
        raise bad_field("email", str(bad)) from None


def canonical_parts(text: str) -> tuple[str, ...]:
    """The forms that a part of an address may have in a canonical one: as text, and as a part of a domain."""
    part = unicodedata.normalize("NFC", text.strip(BLANKS).lower())
    if part.isascii():
        return (part,)
    local, at, domain = part.rpartition("@")
    try:
        return (part, f"{local}{at}{idna.encode(domain, uts46=True).decode()}")
    except idna.IDNAError:
        return (part,)


def _malformed() -> BadAddress:
    return BadAddress("must be an email address such as name@example.com")


def _too_long() -> BadAddress:
    return BadAddress(f"must be at most {MAX_LENGTH} characters long")
