"""Unit tests of shared.mongo."""
