"""Limits of concurrent requests. Requests above the limits are refused, so that those within stay fast.

As in imgproxy there is a limit of running requests and one of waiting requests (ASVS 5.0, 15.2.2). Calls,
streams and event streams are counted separately, so that slow downloads do not block logins. Streams last as
long as their client likes, so each client may hold only a share of them.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import msgspec

from gateway.settings import GatewaySettings
from shared.errors import Overloaded, RateLimited

STREAMED_KEY: Final = "streamed"
LIVE_KEY: Final = "live"
VITAL_KEY: Final = "vital"
SLOT_KEY: Final = "concurrency_slot"
RELEASE_KEY: Final = "release"

streamed: Final[dict[str, Any]] = {STREAMED_KEY: True}
"""`opt=streamed`: the request lasts as long as its body, in either direction."""

live: Final[dict[str, Any]] = {LIVE_KEY: True}
"""`opt=live`: the request is an event stream, which lasts as long as its client likes and is mostly idle."""

vital: Final[dict[str, Any]] = {VITAL_KEY: True}
"""`opt=vital`: the request is not limited; health probes must work in an overloaded process."""

WAIT_TIMEOUT = timedelta(seconds=1)


class Limit(msgspec.Struct, frozen=True):
    """Maximal numbers of running requests, of those per client, and of requests that wait for `timeout`."""

    running: int
    waiting: int
    timeout: timedelta
    per_client: int


class Full(Overloaded):
    """The request was refused before it had any effect, and can be repeated."""

    def __init__(self) -> None:
        super().__init__("Too many requests are running right now; try again in a moment.")


class TooManyOfClient(RateLimited):
    """The client has its share of the running requests; others may have room."""

    def __init__(self) -> None:
        super().__init__("You have too many requests running at once; wait for one of them to end.")


class HandlerPool:
    """The slots of one kind of request, given in the order of arrival."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._free = asyncio.Semaphore(limit.running)
        self._waiting = 0
        self._by_client: Counter[str] = Counter()

    async def acquire(self) -> None:
        """Raises Full when no slot becomes free in time, and at once when too many requests wait already."""
        if not self._free.locked():
            await self._free.acquire()
            return
        if self._waiting >= self._limit.waiting:
            raise Full
        self._waiting += 1
        try:
            async with asyncio.timeout(self._limit.timeout.total_seconds()):
                await self._free.acquire()
        except TimeoutError:
            raise Full from None
        finally:
            self._waiting -= 1

    def assign(self, client: str) -> None:
        """Counts an acquired slot for `client`. Raises TooManyOfClient, and then does not count it."""
        if self._by_client[client] >= self._limit.per_client:
            raise TooManyOfClient
        self._by_client[client] += 1

    def release(self, client: str | None) -> None:
        """Frees a slot; `client` is None if it was not yet counted for a client."""
        self._free.release()
        if client is None:
            return
        self._by_client[client] -= 1
        if not self._by_client[client]:
            del self._by_client[client]


class Slot:
    """The slot of one request."""

    def __init__(self, slots: HandlerPool) -> None:
        self._slots = slots
        self._client: str | None = None

    def assign(self, client: str) -> None:
        """Called once. Raises TooManyOfClient."""
        self._slots.assign(client)
        self._client = client

    def release(self) -> None:
        self._slots.release(self._client)


class ConcurrencyLimits:
    """HandlerPool for each kind of request."""

    def __init__(self, calls: Limit, streams: Limit, live: Limit) -> None:
        self._calls, self._streams, self._live = HandlerPool(calls), HandlerPool(streams), HandlerPool(live)

    async def acquire(self, scope: Mapping[str, Any], opt: Mapping[str, Any]) -> None:
        """Raises Full. The slot is released when the response has ended."""
        if opt.get(VITAL_KEY, False) is True:
            return
        slots = self._slots(opt)
        await slots.acquire()
        slot = scope["state"][SLOT_KEY] = Slot(slots)
        on_release(scope, slot.release)

    def assign(self, scope: Mapping[str, Any], client: str) -> None:
        """Counts the request for an account or an address. Raises TooManyOfClient."""
        slot = scope["state"].get(SLOT_KEY)
        if isinstance(slot, Slot):
            slot.assign(client)

    def _slots(self, opt: Mapping[str, Any]) -> HandlerPool:
        if opt.get(LIVE_KEY, False) is True:
            return self._live
        return self._streams if opt.get(STREAMED_KEY, False) is True else self._calls


def concurrency_limits(settings: GatewaySettings) -> ConcurrencyLimits:
    """Calls may wait for a slot. Streams may not: theirs are held for too long."""
    calls, streams, each = settings.max_calls, settings.max_streams, settings.max_streams_per_client
    return ConcurrencyLimits(
        calls=Limit(calls, waiting=calls, timeout=WAIT_TIMEOUT, per_client=calls),
        streams=Limit(streams, waiting=0, timeout=WAIT_TIMEOUT, per_client=each),
        live=Limit(settings.max_event_streams, waiting=0, timeout=WAIT_TIMEOUT, per_client=each),
    )


def on_release(scope: Mapping[str, Any], act: Callable[[], None]) -> None:
    """Has ReleaseMiddleware call `act` when the request's response has ended, successfully or not."""
    scope["state"].setdefault(RELEASE_KEY, []).append(act)
