"""Unit tests of the converter, without servers."""
