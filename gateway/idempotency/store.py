"""What was answered to calls with an Idempotency-Key: in this process, or in Redis/Valkey for all of them."""

import asyncio
import time
from collections import OrderedDict
from datetime import timedelta
from typing import Protocol

from coredis import PureToken, Redis

from gateway.redis_pool import redis_pool
from shared.errors import Unavailable
from shared.logs import get_logger

STORE_TIMEOUT_S = 1.0
MOST_ANSWERS = 10_000
PREFIX = "tonegate:answer:"


class Answers(Protocol):
    """Small records by name, each with its end. While they cannot be reached all calls raise Unavailable: who
    asked that something be done once is better not served than served twice.
    """

    async def claim(self, name: str, record: bytes, keep: timedelta) -> bytes | None:
        """Writes `record` if nothing is there, and returns None; else what is there. Atomic."""

    async def put(self, name: str, record: bytes, keep: timedelta) -> None:
        """In place of whatever is there."""

    async def drop(self, name: str) -> None:
        """What is not there is no error."""

    def close(self) -> None:
        """No calls after this."""


class ProcessAnswers:
    """For one gateway alone; the oldest go when there are too many."""

    def __init__(self, most: int = MOST_ANSWERS) -> None:
        self._most = most
        self._records: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    async def claim(self, name: str, record: bytes, keep: timedelta) -> bytes | None:
        found = self._records.get(name)
        if found is not None and found[1] > time.monotonic():
            return found[0]
        await self.put(name, record, keep)
        return None

    async def put(self, name: str, record: bytes, keep: timedelta) -> None:
        self._records[name] = record, time.monotonic() + keep.total_seconds()
        self._records.move_to_end(name)
        while len(self._records) > self._most:
            self._records.popitem(last=False)

    async def drop(self, name: str) -> None:
        self._records.pop(name, None)

    def close(self) -> None:
        return None


class SharedAnswers:
    """For all gateways together."""

    def __init__(self, url: str, timeout_s: float = STORE_TIMEOUT_S) -> None:
        self._pool = redis_pool(url)
        self._redis: Redis[bytes] = Redis(connection_pool=self._pool)
        self._timeout_s = timeout_s

    async def claim(self, name: str, record: bytes, keep: timedelta) -> bytes | None:
        """`SET … NX GET` would need Redis 7; between the two commands here a record may only end."""
        for _ in range(2):
            try:
                async with asyncio.timeout(self._timeout_s):
                    if await self._redis.set(PREFIX + name, record, condition=PureToken.NX, px=keep):
                        return None
                    found = await self._redis.get(PREFIX + name)
            except Exception as error:
                raise away(error) from error
            if found is not None:
                return found
        raise Unavailable("Answers cannot be looked up right now.")

    async def put(self, name: str, record: bytes, keep: timedelta) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._redis.set(PREFIX + name, record, px=keep)
        except Exception as error:
            raise away(error) from error

    async def drop(self, name: str) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._redis.delete([PREFIX + name])
        except Exception as error:
            raise away(error) from error

    def close(self) -> None:
        self._pool.disconnect()


def away(error: Exception) -> Unavailable:
    """Whichever error of the client library it is: the store is away."""
    get_logger(__name__).warning("the store of answers is away", reason=type(error).__name__)
    return Unavailable("Answers cannot be looked up right now.")
