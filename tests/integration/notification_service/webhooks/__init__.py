"""Webhooks against a real broker, database and HTTP receivers."""
