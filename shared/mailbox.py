"""Digest of a mailbox: identifies the reader of an email address without storing the address."""

import hashlib
from contextlib import suppress


def mailbox_digest(address: str) -> str:
    """SHA-256 in hexadecimal. Case, a tag after `+` (RFC 5233) and the spelling of an international domain do
    not matter: they lead to one reader.
    """
    local, _, domain = address.rpartition("@")
    with suppress(UnicodeError):
        domain = domain.encode("idna").decode("ascii")
    mailbox = f"{local.partition('+')[0]}@{domain}".casefold()
    return hashlib.sha256(mailbox.encode("utf-8", "surrogatepass")).hexdigest()
