"""Unit tests of the proxy."""
