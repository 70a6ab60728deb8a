"""Bounded connection pools for Redis or Valkey."""

from coredis import BlockingConnectionPool

MAX_CONNECTIONS = 64


def redis_pool(url: str) -> BlockingConnectionPool:
    """A pool that connects when it is first used. Callers bound each command by a timeout."""
    return BlockingConnectionPool.from_url(url, max_connections=MAX_CONNECTIONS)
