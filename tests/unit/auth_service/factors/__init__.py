"""Unit tests of auth_service/factors."""
