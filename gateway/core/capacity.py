"""How much is done at once. More than that is turned away at the door, so that what is inside stays fast.

After imgproxy's two semaphores: a bounded number at work, a bounded number waiting for a moment, and the rest
refused (ASVS 5.0, 15.2.2). Calls, streams and event streams are counted apart: slow downloads must not stop
anybody from signing in, nor a storm of sign-ins a download, nor many that only watch either of them.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from shared.errors import Overloaded

STREAMED_KEY: Final = "streamed"
LIVE_KEY: Final = "live"
VITAL_KEY: Final = "vital"
LEAVING_KEY: Final = "leaving"

streamed: Final[dict[str, Any]] = {STREAMED_KEY: True}
"""`opt=streamed`: this call lasts as long as its body, in either direction."""

live: Final[dict[str, Any]] = {LIVE_KEY: True}
"""`opt=live`: this call lasts as long as its client wants, and does next to nothing meanwhile."""

vital: Final[dict[str, Any]] = {VITAL_KEY: True}
"""Answered however full it is: a full process is not a dead one."""


class Room(msgspec.Struct, frozen=True):
    """`at_once` at work, `waiting` for at most `patience`."""

    at_once: int
    waiting: int
    patience: timedelta


class Full(Overloaded):
    """Nothing was done for this request: it may be sent again as it is."""

    def __init__(self) -> None:
        super().__init__("Too much is going on right now; try again in a moment.")


class Places:
    """The places of one kind. First come, first served."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._free = asyncio.Semaphore(room.at_once)
        self._waiting = 0

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

    def leave(self) -> None:
        self._free.release()


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
        on_leaving(scope, places.leave)

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
