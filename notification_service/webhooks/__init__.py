"""Tells programs what became of conversions, after the Standard Webhooks specification 1.0.0."""
