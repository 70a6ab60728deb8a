"""Webhooks about conversions, signed and delivered as Standard Webhooks 1.0.0 specifies."""
