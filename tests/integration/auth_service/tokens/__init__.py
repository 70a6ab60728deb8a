"""Integration tests of auth_service/tokens."""
