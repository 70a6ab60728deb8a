"""Event streams, which end when their caller's access token becomes invalid."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import aiohttp
from litestar import Request
from litestar.types import Send

from gateway.identity.auth_guard import principal_of
from gateway.identity.principal import Principal
from gateway.identity.token_cache import TokenCache
from gateway.limits.concurrency import on_release
from gateway.proxy.download import Download
from shared.errors import ServiceError
from shared.identity.bearer import bearer_token

ROUND_INTERVAL_S = 1.0
# Revocations arrive as events. Repeated lookups notice what these miss: lost events, changed accounts.
LOOKUP_INTERVAL = timedelta(seconds=60)


def nothing() -> None:
    """The initial callback of a watch."""


class Watch:
    """The access of one open event stream. Calls back once, when its token has become invalid."""

    def __init__(self, principal: Principal, token: str, now: float) -> None:
        self.principal, self.token = principal, token
        self.looked_up_at = now
        self._is_over = False
        self._act = nothing

    def on_end(self, act: Callable[[], None]) -> None:
        """Sets the callback, and calls it when the watch has ended already."""
        self._act = act
        if self._is_over:
            act()

    def end(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._act()

    def forget(self) -> None:
        """Drops the callback: the stream has ended."""
        self._act = nothing


class Watches:
    """The watches of all open event streams of this process."""

    def __init__(self, tokens: TokenCache, *, wall: Callable[[], float] = time.time) -> None:
        self._tokens, self._wall = tokens, wall
        self._open: set[Watch] = set()
        self._is_closed = False
        tokens.subscribe(self._end_session, self._look_up_soon)

    def open(self, request: Request[Any, Any, Any]) -> Watch:
        """A watch that is removed when the request has ended."""
        principal = principal_of(request)
        token = bearer_token(request.headers.getall("authorization", [])) or ""
        watch = Watch(principal, token, self._wall())
        self._open.add(watch)
        on_release(request.scope, lambda: self._open.discard(watch))
        if self._is_closed:
            watch.end()
        return watch

    def __len__(self) -> int:
        return len(self._open)

    async def run(self) -> None:
        """Calls `round` every second, until cancelled."""
        while True:
            await asyncio.sleep(ROUND_INTERVAL_S)
            await self.round()

    async def round(self) -> None:
        """Ends watches whose tokens have expired, and looks up tokens not looked up for LOOKUP_INTERVAL."""
        for watch in list(self._open):
            now = self._wall()
            if watch.principal.expires_at <= now:
                watch.end()
            elif watch.looked_up_at + LOOKUP_INTERVAL.total_seconds() <= now:
                watch.looked_up_at = now
                await self._look_up(watch)

    def close(self) -> None:
        """Ends every watch, because the process stops; clients reconnect to another gateway."""
        self._is_closed = True
        for watch in list(self._open):
            watch.end()

    async def _look_up(self, watch: Watch) -> None:
        with suppress(ServiceError):  # keeps the stream open: the token expires soon anyway
            if await self._tokens.look_up(watch.token) is None:
                watch.end()

    def _end_session(self, session_id: str) -> None:
        for watch in list(self._open):
            if watch.principal.session_id == session_id:
                watch.end()

    def _look_up_soon(self, user_id: str | None) -> None:
        for watch in self._open:
            if user_id in {None, watch.principal.user_id}:
                watch.looked_up_at = 0.0


class EventStreamDownload(Download):
    """A download without a time limit of its own. When the watch ends, the response is completed properly, so
    that the client reconnects with a new token.
    """

    def __init__(self, upstream: aiohttp.ClientResponse, idle: timedelta, watch: Watch) -> None:
        super().__init__(upstream, idle, None, is_head=False)
        self._watch = watch

    async def _send_content(self, send: Send, timeout: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as access:
                self._watch.on_end(lambda: access.reschedule(loop.time()))
                try:
                    await super()._send_content(send, timeout)
                finally:
                    self._watch.forget()
        timeout.reschedule(loop.time() + self._idle_s)
