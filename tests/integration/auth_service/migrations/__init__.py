"""Integration tests of auth_service/migrations."""
