"""E-mail addresses: which are acceptable, and the form in which two of them are the same. Pure."""

import re

MAX_LENGTH = 254

# A dot-atom (RFC 5322 §3.2.3) at a host name with at least two labels (RFC 1123 §2.1). Narrower than the
# grammar on purpose: no quoted strings, comments or address literals, nothing that could end a mail header.
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
TOP_LABEL = rf"(?=[A-Za-z0-9-]*[A-Za-z]){LABEL}"
ADDRESS = re.compile(rf"(?P<local>{ATOM}(?:\.{ATOM})*)@(?:{LABEL}\.)+{TOP_LABEL}")


class BadAddress(ValueError):
    """Not an address that mail could be sent to."""


def canonical(address: str) -> str:
    """The form that is unique among accounts: all lower case. Raises BadAddress.

    RFC 5321 §2.4 leaves the case of the local part to the receiving host; none in use tells them apart, and
    two accounts that differ only in case would be a way to impersonate.
    """
    if len(address) > MAX_LENGTH:
        raise BadAddress(f"must be at most {MAX_LENGTH} characters long")
    match = ADDRESS.fullmatch(address)
    if match is None or len(match["local"]) > 64:
        raise BadAddress("must be an e-mail address such as name@example.com")
    return address.lower()
