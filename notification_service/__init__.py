"""Tells people what became of what they asked for, by email."""
