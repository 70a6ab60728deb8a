"""Sign-in throttling: failure counts per account and network."""
