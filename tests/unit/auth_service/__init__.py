"""Unit tests of auth_service, without servers."""
