"""Integration tests of the gateway on a real server, with real clients and stub services."""
