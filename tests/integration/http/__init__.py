"""Integration tests of shared/http."""
