"""Streams a client's body to a service, as fast as the service reads."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Self

from gateway.limits.incoming_body import IncomingBody
from shared.errors import ServiceError

SETTLE_TIMEOUT_S = 2.0


class Upload(AsyncIterator[bytes]):
    """The chunks of a request body, for the HTTP client to send.

    The iteration stops only at the end of the body and raises otherwise, so that the service receives an
    incomplete message and not a shorter complete one. Each step reschedules the timeout given to `watch`.
    """

    def __init__(self, body: IncomingBody, length: int | None, step: timedelta) -> None:
        self._body = body
        self._length = length
        self._step_s = step.total_seconds()
        self._timeout: asyncio.Timeout | None = None
        self._not_reading = asyncio.Event()
        self._not_reading.set()
        self._stopped = False
        self.failure: ServiceError | None = None
        """The error that ended the client's body early, if any."""

    def watch(self, timeout: asyncio.Timeout, first_step: timedelta) -> None:
        """Has `timeout` run while the upload waits for the service, and stand still while it waits for the
        client. Within `first_step` the service must read from the body or answer.
        """
        self._timeout = timeout
        timeout.reschedule(asyncio.get_running_loop().time() + first_step.total_seconds())

    def stop(self) -> None:
        """Sends nothing more: the service has answered, or the request has failed."""
        self._stopped = True
        self._timeout = None

    async def settle(self) -> None:
        """Waits for a pending read of the client's body; raises TimeoutError after SETTLE_TIMEOUT_S."""
        async with asyncio.timeout(SETTLE_TIMEOUT_S):
            await self._not_reading.wait()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._stopped:
            await asyncio.Event().wait()  # until the connection to the service is closed
        if self._body.complete or self._body.received == self._length:
            self._wait_for_service()
            raise StopAsyncIteration
        self._wait_for_client()
        chunk = await self._next()
        self._wait_for_service()
        return chunk

    async def _next(self) -> bytes:
        self._not_reading.clear()
        try:
            event = await self._body.receive()
        except ServiceError as failure:
            self.failure = failure
            raise
        finally:
            self._not_reading.set()
        return event["body"] if event["type"] == "http.request" else b""

    def _wait_for_service(self) -> None:
        if self._timeout is not None:
            self._timeout.reschedule(asyncio.get_running_loop().time() + self._step_s)

    def _wait_for_client(self) -> None:
        if self._timeout is not None:
            self._timeout.reschedule(None)
