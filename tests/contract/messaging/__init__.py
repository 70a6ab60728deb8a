"""One suite of promises for every message broker."""
