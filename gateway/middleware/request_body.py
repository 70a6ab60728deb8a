"""The request body's clock and its end: nobody is waited for without a bound, nor cut off mid-sentence."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, cast

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send

from shared.errors import ClientDisconnected, RequestTimeout

BODY_KEY: Final = "request_body"
JSON_WITHIN = timedelta(seconds=30)
# A body that comes slower than this, `idle` seconds apart, holds its place for nothing (slow loris).
SLOWEST_BYTES_PER_S = 240
FRAMING = frozenset({b"content-length", b"transfer-encoding"})


class Lingering(msgspec.Struct, frozen=True):
    """How much of an unwanted body is read after the answer (RFC 9112 §9.6): a client that is still sending
    when its connection is closed may lose the answer.
    """

    most_bytes: int = 1024 * 1024 * 1024
    within: timedelta = timedelta(seconds=30)
    pause: timedelta = timedelta(seconds=5)


class IncomingBody:
    """The body of one request, read by whoever handles it through `receive`.

    `receive` raises RequestTimeout when the next piece does not come within `idle`, all pieces together come
    slower than anybody's line, or the whole body not until its deadline, and ClientDisconnected when it
    closes in the middle (RFC 9112 §8).
    """

    def __init__(self, receive: Receive, idle: timedelta, within: timedelta) -> None:
        self._receive = receive
        self._idle_s = idle.total_seconds()
        self._deadline = asyncio.get_running_loop().time() + within.total_seconds()
        self._received = 0
        self._waited_s = 0.0
        self.begun = False
        self.complete = False
        self.given_up = False

    def allow(self, within: timedelta) -> None:
        """Another total time, counted from now: uploads take longer than JSON."""
        self._deadline = asyncio.get_running_loop().time() + within.total_seconds()

    async def receive(self) -> HTTPReceiveMessage:
        if self.complete or self.given_up:
            return cast("HTTPReceiveMessage", await self._receive())
        self.begun = True
        asked_at = asyncio.get_running_loop().time()
        patience_s = min(self._idle_s, self._deadline - asked_at, self._slack_s())
        try:
            async with asyncio.timeout(patience_s):
                event = cast("HTTPReceiveMessage", await self._receive())
        except TimeoutError:
            self.given_up = True
            raise RequestTimeout("The body did not arrive in time.") from None
        self._waited_s += asyncio.get_running_loop().time() - asked_at
        if event["type"] != "http.request":
            self.given_up = True
            raise ClientDisconnected("The connection closed before the body was complete.")
        self._received += len(event["body"])
        self.complete = not event.get("more_body", False)
        return event

    def _slack_s(self) -> float:
        """How much longer the client may let us wait, by what it has sent; what a service dawdles is not its
        fault, and not counted.
        """
        return self._idle_s + self._received / SLOWEST_BYTES_PER_S - self._waited_s

    async def linger(self, bounds: Lingering) -> None:
        """Reads and drops what is left, within bounds."""
        self._idle_s = min(self._idle_s, bounds.pause.total_seconds())
        self.allow(bounds.within)
        dropped = 0
        try:
            while not self.complete and not self.given_up and dropped <= bounds.most_bytes:
                event = await self.receive()
                dropped += len(event["body"]) if event["type"] == "http.request" else 0
        except (ClientDisconnected, RequestTimeout):
            return


class Bodies:
    """ASGI middleware around everything: gives each request with a body its IncomingBody."""

    def __init__(self, app: ASGIApp, idle: timedelta, lingering: Lingering | None = None) -> None:
        self._app, self._idle = app, idle
        self._lingering = lingering or Lingering()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not has_body(scope):
            await self._app(scope, receive, send)
            return
        body = IncomingBody(receive, self._idle, min(self._idle, JSON_WITHIN))
        scope.setdefault("state", {})[BODY_KEY] = body
        try:
            await self._app(scope, cast("Receive", body.receive), send)
        finally:
            # Who waits for our go and did not get it has not begun to send (RFC 9110 §10.1.1).
            if not body.complete and (body.begun or not waits_for_go(scope)):
                await body.linger(self._lingering)


def has_body(scope: Mapping[str, Any]) -> bool:
    """RFC 9112 §6.3: a request without both fields has none."""
    return any(
        name in FRAMING and not (name == b"content-length" and value.strip() == b"0")
        for name, value in scope["headers"]
    )


def waits_for_go(scope: Mapping[str, Any]) -> bool:
    return any(name == b"expect" and b"100-continue" in value.lower() for name, value in scope["headers"])


def incoming_body(scope: Mapping[str, Any]) -> IncomingBody | None:
    """None for a request without a body."""
    body = scope["state"].get(BODY_KEY)
    return body if isinstance(body, IncomingBody) else None
