"""Integration tests of auth_service/api_keys."""
