"""Unit tests of auth_service/tokens."""
