"""Tests of the development stack without processes."""
