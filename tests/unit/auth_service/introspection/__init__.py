"""Tests of auth_service.introspection."""
