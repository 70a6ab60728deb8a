"""Random values of the OAuth flow (states, nonces, codes), their digests, and PKCE verification (RFC
7636).
"""

import hashlib
import hmac
import re
import secrets

from authlib.oauth2.rfc7636 import create_s256_code_challenge

# 256 bits as base64url: states, nonces, code verifiers, browser secrets, handover codes, S256 challenges.
RANDOM_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def new_value() -> str:
    return secrets.token_urlsafe(32)


def digest(value: str) -> bytes:
    """The SHA-256 to store and look up. A fast hash suffices for 256 random bits."""
    return hashlib.sha256(value.encode()).digest()


def is_value(text: str) -> bool:
    """True if the text has the form of `new_value`."""
    return RANDOM_VALUE.fullmatch(text) is not None


def verify_challenge(challenge: str, verifier: str) -> bool:
    """Verifies a PKCE code verifier (RFC 7636 §4.6) with S256, the only method supported (RFC 9700
    §2.1.1).
    """
    if VERIFIER.fullmatch(verifier) is None:
        return False
    expected: str = create_s256_code_challenge(verifier)
    return hmac.compare_digest(expected.encode(), challenge.encode())
