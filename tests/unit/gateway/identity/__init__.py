"""Unit tests of authentication."""
