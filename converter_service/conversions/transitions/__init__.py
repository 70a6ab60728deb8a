"""State transitions of a conversion: pure functions from one record to the next."""
