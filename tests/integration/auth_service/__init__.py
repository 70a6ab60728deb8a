"""Integration tests of auth_service on a real PostgreSQL."""
