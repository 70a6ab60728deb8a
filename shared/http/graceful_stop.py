"""Graceful stop: running requests finish, new ones are refused, health checks are still answered."""

import asyncio
import time

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import Unavailable
from shared.http.problems import send_problem

# Another process, or the successor of this one, answers by then.
RETRY_AFTER_S = 1
HEALTH_PATHS = frozenset({"/healthz", "/readyz"})
CLOSE = (b"connection", b"close")
UNHANDLED = "Tonegate-Unhandled"
"""Response field: the request was refused before anything was done, and may be sent to another process."""
# So many clients' addresses and ports are kept; without them a stop waits less.
MAX_CONNECTIONS = 16_384


class ShuttingDown(Unavailable):
    """The process takes no new requests. Closes the connection, so that the next request goes elsewhere."""

    def __init__(self) -> None:
        super().__init__(
            "The process is about to stop.",
            retry_after_s=RETRY_AFTER_S,
            headers={"Connection": "close", UNHANDLED: "stopping"},
        )


class GracefulStop:
    """Counts running requests and refuses new ones after `begin`, which may be repeated. From then on
    responses close their connections, so that the client's next request goes elsewhere (RFC 9112 §9.6). Those
    that refuse a request say so by UNHANDLED: the gateway may then send it to another process.
    """

    def __init__(self) -> None:
        self.has_begun = False
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._last_use = 0.0
        self._connections: set[object] = set()

    def begin(self) -> None:
        """Refuses new requests from now on."""
        if not self.has_begun:
            # Connections that are open and unused may have a request on its way, too.
            self._last_use = time.monotonic()
        self.has_begun = True

    async def finished(self) -> None:
        """Waits until no request is running."""
        await self._idle.wait()

    async def quiet(self, period_s: float) -> None:
        """Waits until no request has arrived for `period_s` on a connection that had one before `begin`.

        Those connections that are in use are closed by then; each of these requests prolongs the wait.
        """
        while (left_s := self._last_use + period_s - time.monotonic()) > 0:  # noqa: ASYNC110 - see above
            await asyncio.sleep(left_s)

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """ASGI middleware that counts and refuses requests."""

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != ScopeType.HTTP:
                await app(scope, receive, send)
                return

            async def send_closing(message: Message) -> None:
                if self.has_begun and message["type"] == "http.response.start":
                    message["headers"] = [*message["headers"], CLOSE]
                await send(message)

            if scope["path"] in HEALTH_PATHS:
                self._note_use(scope)
                await app(scope, receive, send_closing)
            elif self.has_begun:
                self._note_use(scope)
                await send_problem(ShuttingDown(), send, is_head=scope["method"] == "HEAD")
            else:
                await self._counted(app, scope, receive, send_closing)

        return guarded

    def _note_use(self, scope: Scope) -> None:
        """After `begin` only connections count that had a request before."""
        if not self.has_begun:
            if len(self._connections) >= MAX_CONNECTIONS:
                self._connections.clear()
            self._connections.add(scope["client"])
        if scope["client"] in self._connections:
            self._last_use = time.monotonic()

    async def _counted(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        self._running += 1
        self._idle.clear()
        self._note_use(scope)
        try:
            await app(scope, receive, send)
        finally:
            self._last_use = time.monotonic()
            self._running -= 1
            if not self._running:
                self._idle.set()
