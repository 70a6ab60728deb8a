"""The secrets in mailed links: 256 random bits, for one purpose; only a hash is kept. Pure."""

import hashlib
import secrets
from enum import StrEnum


class Purpose(StrEnum):
    """What a mailed link is good for."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a purpose


def new_secret() -> str:
    """ASVS 5.0 §6.4.1: random, and made by the system."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str, purpose: Purpose) -> bytes:
    """32 bytes to store and look up. A secret for one purpose has nothing to do with the other's."""
    return hashlib.sha256(f"{purpose}\n{secret}".encode()).digest()
