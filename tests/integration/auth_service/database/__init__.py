"""Integration tests of auth_service/database."""
