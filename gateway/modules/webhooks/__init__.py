"""Telling programs what became of conversions."""
