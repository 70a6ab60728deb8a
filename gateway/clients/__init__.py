"""Typed calls to the services behind the gateway."""
