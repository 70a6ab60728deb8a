"""Integration tests of auth_service/sessions."""
