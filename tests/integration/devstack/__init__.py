"""Tests of the development stack on real processes."""
