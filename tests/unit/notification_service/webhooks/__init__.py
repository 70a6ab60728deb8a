"""Webhooks: what is decided without a server."""
