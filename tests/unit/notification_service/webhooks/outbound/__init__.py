"""Outbound URL and address policies."""
