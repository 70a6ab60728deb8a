"""How often whom: policies by class, counted per account or address, told in RateLimit headers.

The window moves: in any stretch of its length no more than the quota is let through, and `t` is when the
oldest counted request leaves it, so a client that waits for `t` seconds is let through (ASVS 5.0, 2.4.1).
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
    """Every route counts in exactly one of these."""

    DEFAULT = "default"
    LOGIN = "login"
    REGISTER = "register"
    UPLOAD = "upload"


class Reading(msgspec.Struct, frozen=True):
    """Where one client stands in one policy."""

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
    """Carries the reading, so that also this answer can show it."""

    def __init__(self, reading: Reading) -> None:
        super().__init__("Too many requests; try again later.", retry_after_s=max(1, reading.reset_s))
        self.reading = reading


class RateLimits:
    """Counts requests. `policies` names every class, in the form `10/minute`."""

    def __init__(self, policies: Mapping[Rate, str], windows: Windows) -> None:
        self._items: Mapping[Rate, RateLimitItem] = {rate: parse(policies[rate]) for rate in Rate}
        self._windows = windows
        self._pending: Counter[tuple[Rate, str]] = Counter()

    async def hit(self, rate: Rate, key: str) -> Reading:
        """Counts one request. Raises LimitReached when the quota is used up (which costs nothing more)."""
        item = self._items[rate]
        allowed, stats = await self._windows.hit(item, f"{rate}:{key}")
        reading = self._reading(rate, stats.remaining if allowed else 0, stats.reset_time)
        if not allowed:
            raise LimitReached(reading)
        return reading

    @asynccontextmanager
    async def room(self, rate: Rate, key: str) -> AsyncIterator[None]:
        """For work that is counted only if it turns out to be in vain: raises LimitReached when the quota
        could not bear the failure of all that is under way for this key.
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
