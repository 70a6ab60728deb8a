"""Refresh tokens: 256 random bits without meaning; only their SHA-256 is kept (RFC 9700 §4.14). Pure."""

import hashlib
import secrets


def new_refresh_token() -> str:
    return secrets.token_urlsafe(32)


def fingerprint(token: str) -> bytes:
    """32 bytes to store and look up. A fast hash is right: there are 256 bits to guess."""
    return hashlib.sha256(token.encode()).digest()
