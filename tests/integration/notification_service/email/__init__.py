"""Emails against a real broker, database and SMTP server."""
