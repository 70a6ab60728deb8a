"""Scopes that an API key may be limited to, and the one that a request requires."""

READ, WRITE = "conversions:read", "conversions:write"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def required_scope(method: str) -> str:
    """READ for safe methods (RFC 9110 §9.2.1), WRITE for all others."""
    return READ if method in SAFE_METHODS else WRITE
