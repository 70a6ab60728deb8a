"""Web Push: notifications of browsers about conversions that have ended (RFC 8030, 8291, 8292)."""
