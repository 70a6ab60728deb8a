"""Graceful stop: running requests finish, new ones are refused, health checks are still answered."""

import asyncio

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from shared.errors import Unavailable
from shared.http.problems import send_problem

# Another process, or the successor of this one, answers by then.
RETRY_AFTER_S = 1
HEALTH_PATHS = frozenset({"/healthz", "/readyz"})


class ShuttingDown(Unavailable):
    """The process takes no new requests. Closes the connection, so that the next request goes elsewhere."""

    def __init__(self) -> None:
        super().__init__(
            "The process is about to stop.", retry_after_s=RETRY_AFTER_S, headers={"Connection": "close"}
        )


class GracefulStop:
    """Counts running requests and refuses new ones after `begin`, which may be repeated."""

    def __init__(self) -> None:
        self.has_begun = False
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def begin(self) -> None:
        """Refuses new requests from now on."""
        self.has_begun = True

    async def finished(self) -> None:
        """Waits until no request is running."""
        await self._idle.wait()

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """ASGI middleware that counts and refuses requests."""

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != ScopeType.HTTP or scope["path"] in HEALTH_PATHS:
                await app(scope, receive, send)
            elif self.has_begun:
                await send_problem(ShuttingDown(), send, is_head=scope["method"] == "HEAD")
            else:
                await self._counted(app, scope, receive, send)

        return guarded

    async def _counted(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        self._running += 1
        self._idle.clear()
        try:
            await app(scope, receive, send)
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()
