"""Tests of the converter's processes on real servers."""
