"""Integration tests of auth_service/introspection."""
