"""API keys: format, creation, listing, deletion."""
