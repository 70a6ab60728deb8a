"""Integration tests of auth_service/recovery."""
