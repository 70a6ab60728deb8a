"""Bounded connection pools for Redis or Valkey."""

from coredis import BlockingConnectionPool
from yarl import URL

MAX_CONNECTIONS = 64
# The library checks no host name unless it is asked to.
VERIFIED = {"ssl_cert_reqs": "required", "ssl_check_hostname": "true"}


def redis_pool(url: str) -> BlockingConnectionPool:
    """A pool that connects when it is first used. Callers bound each command by a timeout.

    With `rediss://` the server's certificate and host name are verified; `ssl_ca_certs` in the query names
    authorities besides those of the system.
    """
    parsed = URL(url)
    if parsed.scheme == "rediss":
        url = str(parsed.with_query({**VERIFIED, **parsed.query}))
    return BlockingConnectionPool.from_url(url, max_connections=MAX_CONNECTIONS)
