"""Single-use tokens of mailed links: 256 random bits for one purpose, stored as a hash."""

import hashlib
import secrets
from enum import StrEnum


class Purpose(StrEnum):
    """The purpose of a mailed link."""

    VERIFY_EMAIL = "verify_email"
    CHANGE_EMAIL = "change_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a purpose


def new_secret() -> str:
    """A new random token (ASVS 5.0 §6.4.1)."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str, purpose: Purpose) -> bytes:
    """The SHA-256 to store and look up; different for each purpose, so a token is valid for one only."""
    return hashlib.sha256(f"{purpose}\n{secret}".encode()).digest()
