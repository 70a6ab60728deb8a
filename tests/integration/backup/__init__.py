"""Tests of backup and restore on real servers."""
