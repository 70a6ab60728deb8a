"""Dead letters of all services: stored, listed, replayed and discarded."""
