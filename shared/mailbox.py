"""Digest of a mailbox: identifies the reader of an email address without storing the address."""

import hashlib


def mailbox_digest(address: str) -> str:
    """SHA-256 in hexadecimal. Case and a tag after `+` (RFC 5233) do not matter: they lead to one reader."""
    local, _, domain = address.rpartition("@")
    mailbox = f"{local.partition('+')[0]}@{domain}".casefold()
    return hashlib.sha256(mailbox.encode("utf-8", "surrogatepass")).hexdigest()
