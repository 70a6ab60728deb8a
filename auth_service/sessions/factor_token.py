"""Factor tokens: 256 random bits that stand for the first step of a login, stored as SHA-256."""

import hashlib
import secrets


def new_factor_token() -> str:
    return secrets.token_urlsafe(32)


def fingerprint(token: str) -> bytes:
    """The SHA-256 to store and look up."""
    return hashlib.sha256(f"factor token\n{token}".encode()).digest()
