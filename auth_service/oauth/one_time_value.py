"""Random values that are good once, what is kept of them, and PKCE's pair (RFC 7636). Pure."""

import hashlib
import hmac
import re
import secrets

from authlib.oauth2.rfc7636 import create_s256_code_challenge

# 256 bits as base64url: states, nonces, code verifiers, browser secrets, hand-over codes, S256 challenges.
SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def new_value() -> str:
    return secrets.token_urlsafe(32)


def digest(value: str) -> bytes:
    """32 bytes to store and look up; there are 256 bits to guess."""
    return hashlib.sha256(value.encode()).digest()


def is_value(text: str) -> bool:
    return SHAPE.fullmatch(text) is not None


def answers(challenge: str, verifier: str) -> bool:
    """RFC 7636 §4.6 with S256, the only method known here (RFC 9700 §2.1.1)."""
    if VERIFIER.fullmatch(verifier) is None:
        return False
    expected: str = create_s256_code_challenge(verifier)
    return hmac.compare_digest(expected.encode(), challenge.encode())
