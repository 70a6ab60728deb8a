"""Sessions: login, refresh tokens, revocation."""
