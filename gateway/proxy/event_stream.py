"""Event streams end when their caller's access does."""

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
from gateway.limits.concurrency import on_leaving
from gateway.proxy.download import Download
from shared.errors import ServiceError
from shared.identity.bearer import bearer_token

ROUND_EVERY_S = 1.0
# Ended sessions are heard of. This is for what is not: news that was missed, an account that was changed.
ASK_AGAIN = timedelta(seconds=60)


def nothing() -> None:
    """There is nothing to end yet."""


class Watch:
    """One open stream. `on_end` is called once, when its caller's access ends; at once if it has already."""

    def __init__(self, principal: Principal, token: str, now: float) -> None:
        self.principal, self.token = principal, token
        self.asked_at = now
        self._is_over = False
        self._act = nothing

    def on_end(self, act: Callable[[], None]) -> None:
        self._act = act
        if self._is_over:
            act()

    def end(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._act()

    def forget(self) -> None:
        """There is nothing left to end."""
        self._act = nothing


class Watches:
    """All open streams of this process, with one clock for all of them."""

    def __init__(self, tokens: TokenCache, *, wall: Callable[[], float] = time.time) -> None:
        self._tokens, self._wall = tokens, wall
        self._open: set[Watch] = set()
        self._is_closed = False
        tokens.tell(self._revoked, self._in_doubt)

    def open(self, request: Request[Any, Any, Any]) -> Watch:
        """Ends with the request."""
        principal = principal_of(request)
        token = bearer_token(request.headers.getall("authorization", [])) or ""
        watch = Watch(principal, token, self._wall())
        self._open.add(watch)
        on_leaving(request.scope, lambda: self._open.discard(watch))
        if self._is_closed:
            watch.end()
        return watch

    def __len__(self) -> int:
        return len(self._open)

    async def run(self) -> None:
        """Until cancelled: ends what has expired, and asks again about what was not asked about for long."""
        while True:
            await asyncio.sleep(ROUND_EVERY_S)
            await self.round()

    async def round(self) -> None:
        for watch in list(self._open):
            now = self._wall()
            if watch.principal.expires_at <= now:
                watch.end()
            elif watch.asked_at + ASK_AGAIN.total_seconds() <= now:
                watch.asked_at = now
                await self._ask(watch)

    def close(self) -> None:
        """The process is about to stop: every stream ends, and its client asks another gateway."""
        self._is_closed = True
        for watch in list(self._open):
            watch.end()

    async def _ask(self, watch: Watch) -> None:
        with suppress(ServiceError):  # not known is no reason to end it: the token's own end is near enough
            if await self._tokens.ask(watch.token) is None:
                watch.end()

    def _revoked(self, session_id: str) -> None:
        for watch in list(self._open):
            if watch.principal.session_id == session_id:
                watch.end()

    def _in_doubt(self, user_id: str | None) -> None:
        for watch in self._open:
            if user_id in {None, watch.principal.user_id}:
                watch.asked_at = 0.0


class LiveDownload(Download):
    """A stream that nobody ends but the service, unless its caller's access ends first: then it is ended in
    good order, so that the client comes back with a better token.
    """

    def __init__(self, upstream: aiohttp.ClientResponse, idle: timedelta, watch: Watch) -> None:
        super().__init__(upstream, idle, is_head=False)
        self._watch = watch

    async def _send_content(self, send: Send, patience: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as access:
                self._watch.on_end(lambda: access.reschedule(loop.time()))
                try:
                    await super()._send_content(send, patience)
                finally:
                    self._watch.forget()
        patience.reschedule(loop.time() + self._idle_s)
