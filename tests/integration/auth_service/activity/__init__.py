"""Integration tests of auth_service/activity."""
