"""Rate-limit windows in Redis or Valkey, shared by all gateways."""

import asyncio
import time
from typing import Any

from limits import RateLimitItem, WindowStats
from limits.aio.storage import Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string

from gateway.limits.memory_windows import MemoryWindows
from gateway.redis_pool import redis_pool
from shared.logs import get_logger

STORE_TIMEOUT_S = 0.25
FIRST_PAUSE_S, MAX_PAUSE_S = 0.5, 15.0


class RedisWindows:
    """Windows shared by all gateways. While the store is unavailable each process counts in its own memory,
    and retries the store after a growing pause: a store that hangs must not slow every request down.
    """

    def __init__(self, url: str, timeout_s: float = STORE_TIMEOUT_S) -> None:
        self._pool = redis_pool(url)
        pool: Any = self._pool  # its documentation allows more than its type
        storage = storage_from_string(f"async+{url}", connection_pool=pool)
        if not isinstance(storage, Storage):
            raise TypeError("the rate-limit storage must be asynchronous")
        self._storage = storage
        self._limiter = MovingWindowRateLimiter(storage)
        self._fallback = MemoryWindows()
        self._timeout_s = timeout_s
        self._pause_s = FIRST_PAUSE_S
        self._unavailable_until: float | None = None

    async def hit(self, item: RateLimitItem, key: str) -> tuple[bool, WindowStats]:
        if not self._is_unavailable():
            try:
                async with asyncio.timeout(self._timeout_s):
                    allowed = await self._limiter.hit(item, key)
                    stats = await self._limiter.get_window_stats(item, key)
            except Exception as error:  # noqa: BLE001 - any error of the client library
                self._lost(error)
            else:
                self._recovered()
                return allowed, stats
        return await self._fallback.hit(item, key)

    async def look(self, item: RateLimitItem, key: str) -> WindowStats:
        if not self._is_unavailable():
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await self._limiter.get_window_stats(item, key)
            except Exception as error:  # noqa: BLE001 - as above
                self._lost(error)
        return await self._fallback.look(item, key)

    async def check(self) -> None:
        async with asyncio.timeout(1.0):
            if not await self._storage.check():
                raise ConnectionError("the rate-limit storage does not answer")

    def close(self) -> None:
        self._pool.disconnect()

    def _is_unavailable(self) -> bool:
        return self._unavailable_until is not None and time.monotonic() < self._unavailable_until

    def _lost(self, error: Exception) -> None:
        if self._unavailable_until is None:
            get_logger(__name__).warning(
                "rate-limit storage unavailable, counting in this process", reason=type(error).__name__
            )
        self._unavailable_until = time.monotonic() + self._pause_s
        self._pause_s = min(self._pause_s * 2, MAX_PAUSE_S)

    def _recovered(self) -> None:
        if self._unavailable_until is not None:
            get_logger(__name__).info("rate-limit storage available again")
        self._unavailable_until, self._pause_s = None, FIRST_PAUSE_S
