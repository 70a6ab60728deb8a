"""Signing in with providers: a real one, one that lies, and one that is GitHub."""
