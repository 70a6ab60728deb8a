"""Unit tests of auth_service/users."""
