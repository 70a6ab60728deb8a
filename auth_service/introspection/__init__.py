"""Token introspection (RFC 7662), and request authentication built on it."""
