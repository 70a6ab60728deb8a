"""Refresh tokens: 256 random bits, stored as SHA-256 (RFC 9700 §4.14, ASVS 5.0 §7.2.3), and their
successors.
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
    """The token that replaces `token`, derived from both arguments.

    The database stores the salt but not the token, the client the token but not the salt. So a spent token
    can be answered twice with the same successor, and no token is ever stored. HMAC-SHA256 as key derivation
    (RFC 5869 §2.2, with the salt as its salt).
    """
    derived = hmac.digest(salt, token.encode(), "sha256")
    return base64.urlsafe_b64encode(derived).rstrip(b"=").decode()


def fingerprint(token: str) -> bytes:
    """The SHA-256 to store and look up. A fast hash suffices for 256 random bits."""
    return hashlib.sha256(token.encode()).digest()
