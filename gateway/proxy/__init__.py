"""Relays requests to the services behind the gateway and streams bodies both ways."""
