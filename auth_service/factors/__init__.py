"""Second factors: one-time codes of an authenticator app, passkeys, and recovery codes."""
