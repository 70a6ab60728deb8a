"""Notification service: sends emails and webhooks about conversions and accounts."""
