"""Password policy, argon2id hashing, and password authentication."""
