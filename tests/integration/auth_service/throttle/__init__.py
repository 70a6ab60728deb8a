"""Integration tests of auth_service/throttle."""
