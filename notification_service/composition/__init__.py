"""Construction of emails and webhooks."""
