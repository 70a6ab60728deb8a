"""Passwords: hashing, policy, authentication, and the fresh proofs that sensitive changes require."""
