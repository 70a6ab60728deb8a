"""Integration tests of second factors."""
