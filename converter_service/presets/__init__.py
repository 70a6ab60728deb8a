"""Presets: named options of an account, which its conversions may use."""
