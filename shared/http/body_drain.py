"""Draining of refused request bodies, after the response."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send

FRAMING = frozenset({b"content-length", b"transfer-encoding"})


class DrainLimits(msgspec.Struct, frozen=True):
    """How much of a refused body is read after the response (RFC 9112 §9.6): closing a connection with unread
    bytes resets it, and a client that is still sending may lose the response.
    """

    max_bytes: int = 1024 * 1024 * 1024
    timeout: timedelta = timedelta(seconds=30)
    idle: timedelta = timedelta(seconds=5)


class BodyDrainMiddleware:
    """Reads and drops what the application left unread of a request's body."""

    def __init__(self, app: ASGIApp, limits: DrainLimits | None = None) -> None:
        self._app, self._limits = app, limits or DrainLimits()
        self._open = 0
        self._none_open = asyncio.Event()
        self._none_open.set()

    async def finished(self) -> None:
        """Waits until no body is being drained. A server that ends earlier resets those connections."""
        await self._none_open.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not has_body(scope):
            await self._app(scope, receive, send)
            return
        body = _Body(receive)
        try:
            await self._app(scope, body.receive, send)
        finally:
            # A client that expects 100 Continue and did not get it is not sending (RFC 9110 §10.1.1).
            if body.begun or not expects_continue(scope):
                with self._counted():
                    await body.drain(self._limits)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._open += 1
        self._none_open.clear()
        try:
            yield
        finally:
            self._open -= 1
            if not self._open:
                self._none_open.set()


class _Body:
    """What has been read of one body. After an error or a cancellation nothing more can be received."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.begun = self._ended = False

    async def receive(self) -> HTTPReceiveMessage:
        if self._ended:
            return await self._receive()  # type: ignore[return-value]
        self.begun = self._ended = True
        event: HTTPReceiveMessage = await self._receive()  # type: ignore[assignment]
        self._ended = event["type"] != "http.request" or not event.get("more_body", False)
        return event

    async def drain(self, limits: DrainLimits) -> None:
        dropped = 0
        try:
            async with asyncio.timeout(limits.timeout.total_seconds()):
                while not self._ended and dropped <= limits.max_bytes:
                    async with asyncio.timeout(limits.idle.total_seconds()):
                        event = await self.receive()
                    dropped += len(event["body"]) if event["type"] == "http.request" else 0
        except TimeoutError:
            return


def has_body(scope: Mapping[str, Any]) -> bool:
    """RFC 9112 §6.3: a request without Content-Length and Transfer-Encoding has no body."""
    return any(
        name in FRAMING and not (name == b"content-length" and value.strip() == b"0")
        for name, value in scope["headers"]
    )


def expects_continue(scope: Mapping[str, Any]) -> bool:
    return any(name == b"expect" and b"100-continue" in value.lower() for name, value in scope["headers"])
