"""Integration tests of auth_service/admin."""
