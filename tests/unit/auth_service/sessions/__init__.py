"""Unit tests of auth_service/sessions."""
