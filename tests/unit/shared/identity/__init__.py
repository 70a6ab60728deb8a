"""Unit tests of shared.identity."""
