"""Integration tests of auth_service/passwords."""
