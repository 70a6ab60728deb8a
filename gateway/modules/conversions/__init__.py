"""Uploads, conversions and their audio, as clients see them."""
