"""Accounts, sessions, access tokens, API keys and signing keys, over HTTP and PostgreSQL."""
