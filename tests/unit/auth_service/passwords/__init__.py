"""Unit tests of auth_service/passwords."""
