"""The gateway on a real server, between real clients and services that misbehave on purpose."""
