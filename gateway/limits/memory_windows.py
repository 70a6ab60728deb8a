"""Rate-limit windows in the memory of one process."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

from limits import RateLimitItem, WindowStats

MAX_CLIENTS = 100_000


class MemoryWindows:
    """Windows that hold the times of their requests, newest last. Above `max_clients` the client seen longest
    ago is dropped. Times are monotonic: a change of the wall clock must not lock a client out.

    The memory storage of `limits` hands every key to a thread on every request, and is unbounded.
    """

    def __init__(
        self,
        max_clients: int = MAX_CLIENTS,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._max_clients = max_clients
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
            if len(self._hits) > self._max_clients:
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
        """The Unix time at which the oldest request leaves the window, and the number of requests left."""
        left_s = (hits[0] if hits else now) + item.get_expiry() - now
        return WindowStats(self._wall() + left_s, max(0, item.amount - len(hits)))
