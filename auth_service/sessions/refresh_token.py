"""Refresh tokens: 256 random bits without meaning; only their SHA-256 is kept (RFC 9700 §4.14,
ASVS 5.0 §7.2.3). Pure.
"""

import base64
import hashlib
import hmac
import secrets

SALT_BYTES = 32


def new_refresh_token() -> str:
    return secrets.token_urlsafe(32)


def new_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


def successor(token: str, salt: bytes) -> str:
    """The token that follows `token`: as random as `salt`, and found again by whoever holds both.

    The store keeps the salt and not the token, the client the token and not the salt, so that a spent token
    can be answered twice with the same successor and none is ever stored. HMAC-SHA256 as a key derivation
    (RFC 5869 §2.2, with the salt as its salt).
    """
    derived = hmac.digest(salt, token.encode(), "sha256")
    return base64.urlsafe_b64encode(derived).rstrip(b"=").decode()


def fingerprint(token: str) -> bytes:
    """32 bytes to store and look up. A fast hash is right: there are 256 bits to guess."""
    return hashlib.sha256(token.encode()).digest()
