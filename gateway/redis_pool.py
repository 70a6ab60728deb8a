"""Connections to Redis or Valkey: bounded, waited for briefly, closed with the gateway."""

from coredis import BlockingConnectionPool

MOST_CONNECTIONS = 64


def redis_pool(url: str) -> BlockingConnectionPool:
    """Connects when first used; `disconnect()` closes all. The commands have time-outs of their own."""
    return BlockingConnectionPool.from_url(url, max_connections=MOST_CONNECTIONS)
