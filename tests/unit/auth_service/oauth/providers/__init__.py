"""Unit tests of auth_service/oauth/providers."""
