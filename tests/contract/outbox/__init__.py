"""One suite of promises for every outbox store."""
