"""Webhooks: HTTP notifications about conversions."""
