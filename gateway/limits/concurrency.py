"""How much is done at once. More than that is turned away at the door, so that what is inside stays fast.

After imgproxy's two semaphores: a bounded number at work, a bounded number waiting for a moment, and the rest
refused (ASVS 5.0, 15.2.2). Calls, streams and event streams are counted apart: slow downloads must not stop
anybody from signing in, nor a storm of sign-ins a download, nor many that only watch either. Streams of
both kinds last for as long as their client likes, so no client has more than a share of them.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from shared.errors import Overloaded, RateLimited

STREAMED_KEY: Final = "streamed"
LIVE_KEY: Final = "live"
VITAL_KEY: Final = "vital"
PLACE_KEY: Final = "place"
LEAVING_KEY: Final = "leaving"

streamed: Final[dict[str, Any]] = {STREAMED_KEY: True}
"""`opt=streamed`: this call lasts as long as its body, in either direction."""

live: Final[dict[str, Any]] = {LIVE_KEY: True}
"""`opt=live`: this call lasts as long as its client wants, and does next to nothing meanwhile."""

vital: Final[dict[str, Any]] = {VITAL_KEY: True}
"""Answered however full it is: a full process is not a dead one."""


class Room(msgspec.Struct, frozen=True):
    """`at_once` at work, `per_client` of these for the same one; `waiting` for at most `patience`."""

    at_once: int
    waiting: int
    patience: timedelta
    per_client: int


class Full(Overloaded):
    """Nothing was done for this request: it may be sent again as it is."""

    def __init__(self) -> None:
        super().__init__("Too much is going on right now; try again in a moment.")


class TooMany(RateLimited):
    """This client has its share already; there may be room for others."""

    def __init__(self) -> None:
        super().__init__("You have too many requests under way at once; let one of them end first.")


class Places:
    """The places of one kind. First come, first served."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._free = asyncio.Semaphore(room.at_once)
        self._waiting = 0
        self._taken_by: Counter[str] = Counter()

    async def take(self) -> None:
        """Raises Full when nothing gets free in time, and at once when too many wait already."""
        if not self._free.locked():
            await self._free.acquire()
            return
        if self._waiting >= self._room.waiting:
            raise Full
        self._waiting += 1
        try:
            async with asyncio.timeout(self._room.patience.total_seconds()):
                await self._free.acquire()
        except TimeoutError:
            raise Full from None
        finally:
            self._waiting -= 1

    def assign(self, client: str) -> None:
        """A place that was taken is this client's. Raises TooMany, and then it is nobody's."""
        if self._taken_by[client] >= self._room.per_client:
            raise TooMany
        self._taken_by[client] += 1

    def leave(self, client: str | None) -> None:
        self._free.release()
        if client is None:
            return
        self._taken_by[client] -= 1
        if not self._taken_by[client]:
            del self._taken_by[client]


class Place:
    """One request's own."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._client: str | None = None

    def assign(self, client: str) -> None:
        """Once. Raises TooMany."""
        self._places.assign(client)
        self._client = client

    def leave(self) -> None:
        self._places.leave(self._client)


class Capacity:
    """A request takes its place at the door, where it is known what it will do; `Places` of each kind."""

    def __init__(self, calls: Room, streams: Room, live: Room) -> None:
        self._calls, self._streams, self._live = Places(calls), Places(streams), Places(live)

    async def admit(self, scope: Mapping[str, Any], opt: Mapping[str, Any]) -> None:
        """Raises Full. The place is left when the answer has ended (see `Leaving`)."""
        if opt.get(VITAL_KEY, False) is True:
            return
        places = self._places(opt)
        await places.take()
        place = scope["state"][PLACE_KEY] = Place(places)
        on_leaving(scope, place.leave)

    def assign(self, scope: Mapping[str, Any], client: str) -> None:
        """As soon as it is known whose the request is: an account's, else an address's. Raises TooMany."""
        place = scope["state"].get(PLACE_KEY)
        if isinstance(place, Place):
            place.assign(client)

    def _places(self, opt: Mapping[str, Any]) -> Places:
        if opt.get(LIVE_KEY, False) is True:
            return self._live
        return self._streams if opt.get(STREAMED_KEY, False) is True else self._calls


def on_leaving(scope: Mapping[str, Any], act: Callable[[], None]) -> None:
    """`act` is called when this request's answer has ended, however it ended."""
    scope["state"].setdefault(LEAVING_KEY, []).append(act)


class Leaving:
    """ASGI middleware: whoever took a place leaves it, however the request ended."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        try:
            await self._app(scope, receive, send)
        finally:
            for act in state.pop(LEAVING_KEY, ()):
                act()
