"""Scopes that an API key may be limited to, and the one that a request needs."""

# What an API key may be limited to. Safe methods (RFC 9110 §9.2.1) look, all others change something.
READ, WRITE = "conversions:read", "conversions:write"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
