"""Accounts: registration, sign-in, sessions, tokens, and the keys that tokens are signed with."""
