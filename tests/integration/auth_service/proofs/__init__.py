"""Integration tests of auth_service/proofs."""
