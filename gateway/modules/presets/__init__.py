"""Presets: named options of an account."""
