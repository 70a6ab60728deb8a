"""Digests of addresses and mailboxes: identify the reader of an email address without storing the address."""

import hashlib
from contextlib import suppress


def mailbox_digest(address: str) -> str:
    """SHA-256 in hexadecimal. Case, a tag after `+` (RFC 5233) and the spelling of an international domain do
    not matter: they lead to one reader.
    """
    local, domain = _parts(address)
    return _digest(local.partition("+")[0], domain)


def address_digest(address: str) -> str:
    """The same for the address as it is, with its tag."""
    return _digest(*_parts(address))


def _parts(address: str) -> tuple[str, str]:
    local, _, domain = address.rpartition("@")
    with suppress(UnicodeError):
        domain = domain.encode("idna").decode("ascii")
    return local, domain


def _digest(local: str, domain: str) -> str:
    return hashlib.sha256(f"{local}@{domain}".casefold().encode("utf-8", "surrogatepass")).hexdigest()
