"""Integration tests of auth_service/audit/activity."""
