"""Webhooks, without a server."""
