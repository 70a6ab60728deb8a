"""Emails, without a server."""
