"""Authentication: bearer tokens, principals, scopes, client addresses and the guard of all routes."""
