"""Emails about events: templates, messages, SMTP and the ledger of what was sent."""
