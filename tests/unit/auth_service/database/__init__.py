"""Unit tests of auth_service/database."""
