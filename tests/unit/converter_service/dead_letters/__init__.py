"""Dead letters, with in-memory adapters."""
