"""Integration tests of auth_service/accounts."""
