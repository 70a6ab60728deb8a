"""A client's body on its way to a service, piece by piece, as fast as the service takes it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Self

from gateway.middleware.request_body import IncomingBody
from shared.errors import ServiceError

SETTLING_S = 2.0


class Upload(AsyncIterator[bytes]):
    """What the HTTP client sends as its data.

    It ends only when the body ended: everything else raises, so that the service behind sees a broken body
    and never a short one that looks whole. `patience` is told of each step, so a service that stops reading
    does not hold the request for ever.
    """

    def __init__(self, body: IncomingBody, length: int | None, step: timedelta) -> None:
        self._body = body
        self._left = length
        self._step_s = step.total_seconds()
        self._patience: asyncio.Timeout | None = None
        self._unread = asyncio.Event()
        self._unread.set()
        self._refused = False
        self.finished = False
        self.failure: ServiceError | None = None
        """Why the client's side ended early, if it did."""

    def watch(self, patience: asyncio.Timeout, first_word: timedelta) -> None:
        """From now on `patience` runs while the service is waited for, and rests while the client is.

        Within `first_word` the service must have asked for the body or refused it.
        """
        self._patience = patience
        patience.reschedule(asyncio.get_running_loop().time() + first_word.total_seconds())

    def refuse(self) -> None:
        """The service has answered already: send it nothing more."""
        self._refused = True
        self._patience = None

    async def settle(self) -> None:
        """Wait until nobody reads the client's body any more."""
        async with asyncio.timeout(SETTLING_S):
            await self._unread.wait()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._refused:
            await asyncio.Event().wait()  # until the connection that wants more is closed
        if self._left == 0 or self._body.complete:
            self._wait_for_service()
            self.finished = True
            raise StopAsyncIteration
        self._wait_for_client()
        chunk = await self._next()
        self._wait_for_service()
        if self._left is not None:
            self._left -= len(chunk)
        return chunk

    async def _next(self) -> bytes:
        self._unread.clear()
        try:
            event = await self._body.receive()
        except ServiceError as failure:
            self.failure = failure
            raise
        finally:
            self._unread.set()
        return event["body"] if event["type"] == "http.request" else b""

    def _wait_for_service(self) -> None:
        if self._patience is not None:
            self._patience.reschedule(asyncio.get_running_loop().time() + self._step_s)

    def _wait_for_client(self) -> None:
        if self._patience is not None:
            self._patience.reschedule(None)
