"""Timeouts, heartbeat and back-off of connections to RabbitMQ."""

import contextlib
import random
from asyncio import timeout
from collections.abc import AsyncIterator

import msgspec


class ConnectionLost(Exception):
    """The connection, its channel or its consumer is gone."""


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """All values in seconds. A dead peer is noticed after about three heartbeats."""

    connect_timeout: float = 10
    prepare_timeout: float = 10
    publish_timeout: float = 5
    close_timeout: float = 5
    answer_timeout: float = 2
    heartbeat: int = 10
    first_pause: float = 0.2
    longest_pause: float = 5

    def pause_after(self, failures: int) -> float:
        """The pause before the next connection attempt: doubles with each failure, with jitter."""
        longest = min(self.longest_pause, self.first_pause * 2.0 ** min(failures, 16))
        return random.uniform(longest / 2, longest)  # noqa: S311, jitter


@contextlib.asynccontextmanager
async def within(timeout_s: float, what: str) -> AsyncIterator[None]:
    """Bounds the block. Raises ConnectionLost, which names `what`, when it takes longer."""
    try:
        async with timeout(timeout_s):
            yield
    except TimeoutError as error:
        raise ConnectionLost(f"{what} took longer than {timeout_s:g} s") from error
