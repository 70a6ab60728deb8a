"""Conversions of many files: which files, under which names, several at once."""
