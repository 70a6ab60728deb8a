"""Who calls: access tokens, their public keys, scopes and the principal that they stand for."""
