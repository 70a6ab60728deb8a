"""Idempotency-Key: stored responses, replayed when a request is repeated."""
