"""Unit tests of the limits."""
