"""Streams a service's response to the client, as fast as the client reads."""

import asyncio
from contextlib import nullcontext, suppress
from datetime import timedelta

import aiohttp
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from gateway.limits.pace import Pace
from gateway.proxy.header_filter import towards_client
from shared.errors import ServiceError
from shared.logs import get_logger


class Download(ASGIResponse):
    """Streams `upstream`.

    When the service's connection breaks the last message is not sent, and the server breaks the client's
    connection: the client can tell that the body is incomplete (RFC 9112 §8). When the client disconnects, or
    does not read for `idle`, or `pace` is cut or below its floor, the service's connection is closed.
    """

    _should_set_content_length = False

    def __init__(
        self, upstream: aiohttp.ClientResponse, idle: timedelta, pace: Pace | None, *, is_head: bool
    ) -> None:
        super().__init__(status_code=upstream.status, is_head_response=is_head)
        self.headers.headers = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in towards_client(upstream.headers)
        ]
        self._upstream, self._pace = upstream, pace
        self._idle_s = idle.total_seconds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        disconnect = asyncio.create_task(self._close_on_disconnect(receive))
        try:
            async with asyncio.timeout(None) as timeout:
                await self._send(send, timeout)
        except TimeoutError:
            get_logger(__name__).info("download aborted: client reads too slowly")
        except (aiohttp.ClientError, OSError) as error:
            get_logger(__name__).info("download aborted", reason=type(error).__name__)
        finally:
            disconnect.cancel()
            self._upstream.close()

    async def _send(self, send: Send, timeout: asyncio.Timeout) -> None:
        await self.start_response(send)
        if not self.is_head_response:
            await self._send_content(send, timeout)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_content(self, send: Send, timeout: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        if self._pace is not None:
            self._pace.on_cut(lambda: end(timeout))
        async for chunk in self._upstream.content.iter_any():
            timeout.reschedule(loop.time() + self._idle_s)
            with nullcontext() if self._pace is None else self._pace.waiting():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            timeout.reschedule(None)
            self._count(len(chunk))

    def _count(self, size: int) -> None:
        """Raises TimeoutError for a client that is too slow."""
        if self._pace is not None:
            self._pace.count(size)
            if self._pace.is_below_floor or self._pace.is_cut:
                raise TimeoutError

    async def _close_on_disconnect(self, receive: Receive) -> None:
        """Only `receive` reports a disconnect; `send` succeeds after it too."""
        with suppress(ServiceError):  # a request body that was announced and does not arrive
            while (await receive())["type"] != "http.disconnect":
                pass
        self._upstream.close()


def end(timeout: asyncio.Timeout) -> None:
    """Has `timeout` expire now."""
    if not timeout.expired():
        timeout.reschedule(asyncio.get_running_loop().time())
