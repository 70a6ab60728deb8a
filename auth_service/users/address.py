"""Email addresses: validation, and the canonical form that is unique among accounts."""

import re

from auth_service.errors import bad_field

MAX_LENGTH = 254

# A dot-atom (RFC 5322 §3.2.3) at a host name with at least two labels (RFC 1123 §2.1). Narrower than the
# grammar on purpose: no quoted strings, comments or address literals, nothing that could end a mail header.
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
TOP_LABEL = rf"(?=[A-Za-z0-9-]*[A-Za-z]){LABEL}"
ADDRESS = re.compile(rf"(?P<local>{ATOM}(?:\.{ATOM})*)@(?:{LABEL}\.)+{TOP_LABEL}")


class BadAddress(ValueError):
    """The text is not an acceptable email address."""


def canonical(address: str) -> str:
    """The address in lower case, as it is unique among accounts. Raises BadAddress.

    RFC 5321 §2.4 leaves the case of the local part to the receiving host. No host in use distinguishes it,
    and two accounts that differ only in case would allow impersonation.
    """
    if len(address) > MAX_LENGTH:
        raise BadAddress(f"must be at most {MAX_LENGTH} characters long")
    match = ADDRESS.fullmatch(address)
    if match is None or len(match["local"]) > 64:
        raise BadAddress("must be an email address such as name@example.com")
    return address.lower()


def parse_email_field(email: str) -> str:
    """The canonical form of the request field `email`. Raises InvalidRequest."""
    try:
        return canonical(email)
    except BadAddress as bad:
        raise bad_field("email", str(bad)) from None
