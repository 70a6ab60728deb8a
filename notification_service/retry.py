"""Retries while a store is unavailable: of a call, and of the delivery of an event."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TypeVar

from shared.errors import Unavailable
from shared.logs import get_logger
from shared.messaging.errors import Retry

T = TypeVar("T")

STORE_RETRY_S = 5.0
# CloudEvents source of the events of this service.
SOURCE = "tonegate/notification"


async def retry_unavailable(
    call: Callable[[], Awaitable[T]],
    *,
    timeout: timedelta,
    pause: timedelta,
    stopping: asyncio.Event | None = None,
) -> T:
    """Repeats `call` every `pause` while it raises Unavailable.

    Re-raises it once `timeout` has passed, or `stopping` is set: the caller then hands on what it holds.
    """
    clock = asyncio.get_running_loop()
    deadline = clock.time() + timeout.total_seconds()
    while True:
        try:
            return await call()
        except Unavailable as failure:
            if clock.time() >= deadline or (stopping and stopping.is_set()):
                raise
            get_logger(__name__).warning("store unavailable, retrying", reason=str(failure))
        await pause_until(stopping or asyncio.Event(), pause)


async def pause_until(stopping: asyncio.Event, pause: timedelta) -> None:
    """Sleeps, but no longer than until `stopping` is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(pause.total_seconds()):
            await stopping.wait()


@contextmanager
def redeliver_when_unavailable() -> Iterator[None]:
    """Turns Unavailable into Retry: the event is delivered again after STORE_RETRY_S, and not counted."""
    try:
        yield
    except Unavailable as unavailable:
        raise Retry(STORE_RETRY_S, str(unavailable), counts=False) from unavailable
