"""Integration tests of auth_service/outbox."""
