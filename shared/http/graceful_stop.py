"""Told to stop, a process finishes what runs, refuses what is new, and still answers about its health."""

import asyncio

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from shared.errors import Unavailable
from shared.http.problem_response import send_problem

# Another process answers, or this one's successor does in a moment.
COME_BACK_S = 1
HEALTH = frozenset({"/healthz", "/readyz"})


class ShuttingDown(Unavailable):
    """What is new is another's. The connection ends too, so that a client's next call goes elsewhere."""

    def __init__(self) -> None:
        super().__init__(
            "The process is about to stop.", retry_after_s=COME_BACK_S, headers={"Connection": "close"}
        )


class GracefulStop:
    """Counts the requests that run. `begin` may be called at any time, and as often as one likes."""

    def __init__(self) -> None:
        self.has_begun = False
        self._running = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    def begin(self) -> None:
        self.has_begun = True

    async def finished(self) -> None:
        """Returns once none runs any more."""
        await self._quiet.wait()

    def around(self, app: ASGIApp) -> ASGIApp:
        """ASGI middleware."""

        async def drained(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != ScopeType.HTTP or scope["path"] in HEALTH:
                await app(scope, receive, send)
            elif self.has_begun:
                await send_problem(ShuttingDown(), send, is_head=scope["method"] == "HEAD")
            else:
                await self._counted(app, scope, receive, send)

        return drained

    async def _counted(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        self._running += 1
        self._quiet.clear()
        try:
            await app(scope, receive, send)
        finally:
            self._running -= 1
            if not self._running:
                self._quiet.set()
