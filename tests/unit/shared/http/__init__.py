"""Unit tests of shared.http."""
