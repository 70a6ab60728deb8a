"""Request body deadlines."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send

from shared.errors import ClientDisconnected, RequestTimeout
from shared.http.body_drain import has_body

BODY_KEY: Final = "request_body"
JSON_TIMEOUT = timedelta(seconds=30)
# Slower bodies are refused even when no pause in them is as long as `idle` (slow loris).
MIN_BYTES_PER_S = 240


class IncomingBody:
    """The body of one request, read by `receive`, and the number of bytes received.

    `receive` raises RequestTimeout when the next chunk does not arrive within `idle`, when the average rate
    is below MIN_BYTES_PER_S or when the deadline has passed, and ClientDisconnected when the connection is
    closed before the end of the body (RFC 9112 §8).
    """

    def __init__(self, receive: Receive, idle: timedelta, timeout: timedelta) -> None:
        self._receive = receive
        self._idle_s = idle.total_seconds()
        self._deadline = asyncio.get_running_loop().time() + timeout.total_seconds()
        self._waited_s = 0.0
        self.received = 0
        self.begun = False
        self.complete = False
        self.given_up = False

    def allow(self, timeout: timedelta) -> None:
        """Sets the deadline to `timeout` from now: uploads take longer than JSON."""
        self._deadline = asyncio.get_running_loop().time() + timeout.total_seconds()

    async def receive(self) -> HTTPReceiveMessage:
        if self.complete or self.given_up:
            return cast("HTTPReceiveMessage", await self._receive())
        self.begun = True
        began = asyncio.get_running_loop().time()
        timeout_s = min(self._idle_s, self._deadline - began, self._slack_s())
        try:
            async with asyncio.timeout(timeout_s):
                event = cast("HTTPReceiveMessage", await self._receive())
        except TimeoutError:
            self.given_up = True
            raise RequestTimeout("The body did not arrive in time.") from None
        self._waited_s += asyncio.get_running_loop().time() - began
        if event["type"] != "http.request":
            self.given_up = True
            raise ClientDisconnected("The connection was closed before the body was complete.")
        self.received += len(event["body"])
        self.complete = not event.get("more_body", False)
        return event

    def _slack_s(self) -> float:
        """How much longer the client may keep the gateway waiting, by the number of bytes received. Time that
        the service takes is not counted.
        """
        return self._idle_s + self.received / MIN_BYTES_PER_S - self._waited_s


class RequestBodyMiddleware:
    """Gives each request with a body an IncomingBody."""

    def __init__(self, app: ASGIApp, idle: timedelta) -> None:
        self._app, self._idle = app, idle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not has_body(scope):
            await self._app(scope, receive, send)
            return
        body = IncomingBody(receive, self._idle, min(self._idle, JSON_TIMEOUT))
        scope.setdefault("state", {})[BODY_KEY] = body
        await self._app(scope, cast("Receive", body.receive), send)


def incoming_body(scope: Mapping[str, Any]) -> IncomingBody | None:
    """The IncomingBody of a request, or None when it has no body."""
    body = scope["state"].get(BODY_KEY)
    return body if isinstance(body, IncomingBody) else None
