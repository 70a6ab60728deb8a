"""Unit tests of auth_service/throttle."""
