"""Where requests are counted: in this process, or in Redis/Valkey for all gateways together."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, Protocol

from limits import RateLimitItem, WindowStats
from limits.aio.storage import Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string

from gateway.redis_pool import redis_pool
from shared.logs import get_logger

SHARED_TIMEOUT_S = 0.25
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 15.0
MOST_CLIENTS = 100_000


class Windows(Protocol):
    """Moving windows by policy and key."""

    async def hit(self, item: RateLimitItem, key: str) -> tuple[bool, WindowStats]:
        """Counts one request if there is room for it; tells whether there was, and how it stands now."""

    async def look(self, item: RateLimitItem, key: str) -> WindowStats:
        """How it stands, without counting."""

    async def check(self) -> None:
        """Raises when requests are not counted where they should be."""

    def close(self) -> None:
        """Nothing is counted after this."""


class ProcessWindows:
    """Counts in this process alone: the times of the requests in each window, newest last. The client seen
    longest ago is dropped when there are too many. By a clock that nobody sets: had the wall's been set back
    by an hour, whoever had used up a quota would be refused for an hour.

    limits' own memory storage hands every key to a thread on every request and never bounds their number.
    """

    def __init__(
        self,
        most_clients: int = MOST_CLIENTS,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._most_clients = most_clients
        self._monotonic, self._wall = monotonic, wall
        self._hits: OrderedDict[str, deque[float]] = OrderedDict()

    async def hit(self, item: RateLimitItem, key: str) -> tuple[bool, WindowStats]:
        now = self._monotonic()
        hits = self._window(item, key, now)
        allowed = len(hits) < item.amount
        if allowed:
            hits.append(now)
            self._hits[key] = hits
            self._hits.move_to_end(key)
            if len(self._hits) > self._most_clients:
                self._hits.popitem(last=False)
        return allowed, self._stats(item, hits, now)

    async def look(self, item: RateLimitItem, key: str) -> WindowStats:
        now = self._monotonic()
        return self._stats(item, self._window(item, key, now), now)

    async def check(self) -> None:
        return None

    def close(self) -> None:
        return None

    def __len__(self) -> int:
        return len(self._hits)

    def _window(self, item: RateLimitItem, key: str, now: float) -> "deque[float]":
        since = now - item.get_expiry()
        hits = self._hits.get(key, deque())
        while hits and hits[0] < since:
            hits.popleft()
        if not hits:
            self._hits.pop(key, None)
        return hits

    def _stats(self, item: RateLimitItem, hits: "deque[float]", now: float) -> WindowStats:
        """When, by the wall's clock, the oldest leaves the window; and how many more there may be."""
        left_s = (hits[0] if hits else now) + item.get_expiry() - now
        return WindowStats(self._wall() + left_s, max(0, item.amount - len(hits)))


class SharedWindows:
    """Counts for all gateways together. While the store is away each process counts for itself, and asks
    again after a pause that grows: a store that hangs must not slow every request down.
    """

    def __init__(self, url: str, timeout_s: float = SHARED_TIMEOUT_S) -> None:
        self._pool = redis_pool(url)
        pool: Any = self._pool  # its type forgets what its documentation allows
        storage = storage_from_string(f"async+{url}", connection_pool=pool)
        if not isinstance(storage, Storage):
            raise TypeError("the rate-limit storage must be asynchronous")
        self._storage = storage
        self._limiter = MovingWindowRateLimiter(storage)
        self._own = ProcessWindows()
        self._timeout_s = timeout_s
        self._pause_s = FIRST_PAUSE_S
        self._away_until: float | None = None

    async def hit(self, item: RateLimitItem, key: str) -> tuple[bool, WindowStats]:
        if not self._is_away():
            try:
                async with asyncio.timeout(self._timeout_s):
                    allowed = await self._limiter.hit(item, key)
                    stats = await self._limiter.get_window_stats(item, key)
            except Exception as error:  # noqa: BLE001 - whichever client library: it is away, and we go on
                self._went_away(error)
            else:
                self._came_back()
                return allowed, stats
        return await self._own.hit(item, key)

    async def look(self, item: RateLimitItem, key: str) -> WindowStats:
        if not self._is_away():
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await self._limiter.get_window_stats(item, key)
            except Exception as error:  # noqa: BLE001 - as above
                self._went_away(error)
        return await self._own.look(item, key)

    async def check(self) -> None:
        async with asyncio.timeout(1.0):
            if not await self._storage.check():
                raise ConnectionError("the rate-limit storage does not answer")

    def close(self) -> None:
        self._pool.disconnect()

    def _is_away(self) -> bool:
        return self._away_until is not None and time.monotonic() < self._away_until

    def _went_away(self, error: Exception) -> None:
        if self._away_until is None:
            get_logger(__name__).warning(
                "rate-limit storage is away, counting in this process", reason=type(error).__name__
            )
        self._away_until = time.monotonic() + self._pause_s
        self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)

    def _came_back(self) -> None:
        if self._away_until is not None:
            get_logger(__name__).info("rate-limit storage is back")
        self._away_until, self._pause_s = None, FIRST_PAUSE_S
