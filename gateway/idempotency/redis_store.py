"""Idempotency records in Redis or Valkey, shared by all gateways."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from coredis import PureToken, Redis

from gateway.redis_pool import redis_pool
from shared.errors import Unavailable
from shared.logs import get_logger

STORE_TIMEOUT_S = 1.0
PREFIX = "tonegate:answer:"
UNAVAILABLE = "Idempotency keys cannot be looked up right now."


class RedisIdempotencyStore:
    """An IdempotencyStore at `url`."""

    def __init__(self, url: str, timeout_s: float = STORE_TIMEOUT_S) -> None:
        self._pool = redis_pool(url)
        self._redis: Redis[bytes] = Redis(connection_pool=self._pool)
        self._timeout_s = timeout_s

    async def claim(self, name: str, record: bytes, keep: timedelta) -> bytes | None:
        """`SET … NX GET` needs Redis 7. Between the two commands here a record can only expire, so the claim
        is then tried again, once.
        """
        for _ in range(2):
            async with self._bounded():
                if await self._redis.set(PREFIX + name, record, condition=PureToken.NX, px=keep):
                    return None
                found = await self._redis.get(PREFIX + name)
            if found is not None:
                return found
        raise Unavailable(UNAVAILABLE)

    async def put(self, name: str, record: bytes, keep: timedelta) -> None:
        async with self._bounded():
            await self._redis.set(PREFIX + name, record, px=keep)

    async def drop(self, name: str) -> None:
        async with self._bounded():
            await self._redis.delete([PREFIX + name])

    def close(self) -> None:
        self._pool.disconnect()

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        """Raises Unavailable for a timeout and for any error of the client library."""
        try:
            async with asyncio.timeout(self._timeout_s):
                yield
        except Exception as error:
            get_logger(__name__).warning("idempotency store unavailable", reason=type(error).__name__)
            raise Unavailable(UNAVAILABLE) from error
