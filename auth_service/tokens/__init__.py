"""Access tokens (RFC 9068), the keys that sign them, and the JWK set."""
