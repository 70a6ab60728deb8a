"""A request's body: its deadlines, its pace, and what was received before it was read."""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import timedelta
from typing import Any, Final, cast

from litestar.types import HTTPReceiveMessage, Receive

from gateway.limits.pace import Pace
from shared.errors import ClientDisconnected, Overloaded, RequestTimeout, ServiceError

BODY_KEY: Final = "request_body"
JSON_TIMEOUT = timedelta(seconds=10)
# Slower bodies are refused even when no pause in them is as long as `idle` (slow loris).
MIN_BYTES_PER_S = 240


class TooSlow(Overloaded):
    """A transfer was cut off because of its speed. Closes the connection, as RequestTimeout does.

    A 503 instead of a 408: clients of tus (tus-js-client 4, `shouldRetry`) resume after a 5xx only.
    """

    default_retry_after_s = 5

    def __init__(self) -> None:
        super().__init__(
            "The upload was too slow. A resumable upload can be continued where it was cut off.",
            headers={"Connection": "close"},
        )


class IncomingBody:
    """The body of one request, read by `receive`, and the number of bytes received.

    `receive` raises RequestTimeout when the next chunk does not arrive within `idle`, when the average rate
    is below MIN_BYTES_PER_S or when the deadline has passed, TooSlow when the pace of an upload is below its
    floor or cut, and ClientDisconnected when the connection is closed before the end of the body
    (RFC 9112 §8).
    """

    def __init__(self, receive: Receive, idle: timedelta, timeout: timedelta) -> None:
        self._receive = receive
        self._idle_s = idle.total_seconds()
        self._deadline = asyncio.get_running_loop().time() + timeout.total_seconds()
        self._waited_s = 0.0
        self._pace: Pace | None = None
        self._wait: asyncio.Timeout | None = None
        self._error: ServiceError | None = None
        self._buffered: deque[HTTPReceiveMessage] = deque()
        self.received = 0
        self.begun = False
        self.complete = False
        self.given_up = False

    def allow(self, timeout: timedelta, pace: Pace | None) -> None:
        """Sets the deadline to `timeout` from now: uploads take longer than JSON. `pace` measures it."""
        self._deadline = asyncio.get_running_loop().time() + timeout.total_seconds()
        self._pace = pace
        if pace is not None:
            pace.on_cut(lambda: self.cut(TooSlow()))

    def cut(self, error: ServiceError) -> None:
        """Has `receive` raise `error`, at once if it is waiting."""
        self._error = error
        if self._wait is not None and not self._wait.expired():
            self._wait.reschedule(asyncio.get_running_loop().time())

    async def buffer(self, max_bytes: int) -> None:
        """Receives the body now, for later calls of `receive`, up to its end or until it has more than
        `max_bytes`. Raises the same errors.
        """
        events = []
        while not self.complete and self.received <= max_bytes:
            events.append(await self.receive())
        self._buffered.extend(events)

    async def receive(self) -> HTTPReceiveMessage:
        if self._buffered:
            return self._buffered.popleft()
        if self.complete or self.given_up:
            return cast("HTTPReceiveMessage", await self._receive())
        self.begun = True
        event = await self._next()
        if event["type"] != "http.request":
            self.given_up = True
            raise ClientDisconnected("The connection was closed before the body was complete.")
        self.received += len(event["body"])
        self.complete = not event.get("more_body", False)
        self._count(len(event["body"]))
        return event

    async def _next(self) -> HTTPReceiveMessage:
        began = asyncio.get_running_loop().time()
        timeout_s = 0.0 if self._error else min(self._idle_s, self._deadline - began, self._slack_s())
        try:
            with nullcontext() if self._pace is None else self._pace.waiting():
                async with asyncio.timeout(timeout_s) as self._wait:
                    return cast("HTTPReceiveMessage", await self._receive())
        except TimeoutError:
            self.given_up = True
            raise self._error or RequestTimeout("The body did not arrive in time.") from None
        finally:
            self._wait = None
            self._waited_s += asyncio.get_running_loop().time() - began

    def _count(self, size: int) -> None:
        """Raises TooSlow."""
        if self._pace is None:
            return
        self._pace.count(size)
        if self._pace.is_below_floor and not self.complete:
            self.given_up = True
            raise TooSlow

    def _slack_s(self) -> float:
        """How much longer the client may keep the gateway waiting, by the number of bytes received. Time that
        the service takes is not counted.
        """
        return self._idle_s + self.received / MIN_BYTES_PER_S - self._waited_s


def incoming_body(scope: Mapping[str, Any]) -> IncomingBody | None:
    """The IncomingBody of a request, or None when it has no body."""
    body = scope["state"].get(BODY_KEY)
    return body if isinstance(body, IncomingBody) else None
