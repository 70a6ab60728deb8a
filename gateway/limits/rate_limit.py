"""Rate limits: one policy per class of routes, counted per account or address.

Windows move: any period of a window's length has at most the quota of requests. The oldest counted request
leaves the window after `t` seconds, so a client that waits for `t` seconds is not refused (ASVS 5.0, 2.4.1).
"""

import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum

import msgspec
from limits import RateLimitItem, parse

from gateway.limits.windows import Windows
from shared.errors import RateLimited


class Rate(StrEnum):
    """The class of a route. Every route has one."""

    DEFAULT = "default"
    LOGIN = "login"
    REGISTER = "register"
    UPLOAD = "upload"
    WEBHOOK_TEST = "webhook_test"


class Reading(msgspec.Struct, frozen=True):
    """The state of one client's window after a request."""

    rate: Rate
    quota: int
    window_s: int
    remaining: int
    reset_s: int

    def headers(self) -> dict[str, str]:
        """draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4: structured fields (RFC 9651)."""
        return {
            "RateLimit-Policy": f'"{self.rate}";q={self.quota};w={self.window_s}',
            "RateLimit": f'"{self.rate}";r={self.remaining};t={self.reset_s}',
        }


class LimitReached(RateLimited):
    """The quota is used up. `reading` is for the RateLimit headers of the 429."""

    def __init__(self, reading: Reading) -> None:
        super().__init__("Too many requests; try again later.", retry_after_s=max(1, reading.reset_s))
        self.reading = reading


class RateLimits:
    """Counts requests. `policies` has a rate for every class, such as `10/minute`."""

    def __init__(self, policies: Mapping[Rate, str], windows: Windows) -> None:
        self._items: Mapping[Rate, RateLimitItem] = {rate: parse(policies[rate]) for rate in Rate}
        self._windows = windows
        self._pending: Counter[tuple[Rate, str]] = Counter()

    async def hit(self, rate: Rate, key: str) -> Reading:
        """Counts one request. Raises LimitReached when the quota is used up; that request is not counted."""
        item = self._items[rate]
        allowed, stats = await self._windows.hit(item, f"{rate}:{key}")
        reading = self._reading(rate, stats.remaining if allowed else 0, stats.reset_time)
        if not allowed:
            raise LimitReached(reading)
        return reading

    async def hit_several(
        self, rate: Rate, key: str, count: int, already: int = 0
    ) -> tuple[int, LimitReached | None]:
        """Counts up to `count` requests, of which `already` are counted. Returns how many there was room for,
        and why there was not for more.
        """
        for done in range(already, count):
            try:
                await self.hit(rate, key)
            except LimitReached as reached:
                return done, reached
        return count, None

    @asynccontextmanager
    async def room(self, rate: Rate, key: str) -> AsyncIterator[None]:
        """For a block that is counted only when it fails, by its caller. Raises LimitReached when the quota
        left is smaller than the number of blocks that are running for this key.
        """
        place = (rate, key)
        self._pending[place] += 1
        try:
            stats = await self._windows.look(self._items[rate], f"{rate}:{key}")
            if stats.remaining < self._pending[place]:
                raise LimitReached(self._reading(rate, 0, stats.reset_time))
            yield
        finally:
            self._pending[place] -= 1
            if not self._pending[place]:
                del self._pending[place]

    def _reading(self, rate: Rate, remaining: int, reset_time: float) -> Reading:
        item = self._items[rate]
        window_s = item.get_expiry()
        reset_s = min(window_s, max(0, math.ceil(reset_time - time.time())))
        return Reading(rate, item.amount, window_s, max(0, remaining), reset_s)
