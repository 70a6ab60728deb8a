"""A service's body on its way to a client, as fast as the client takes it."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import aiohttp
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from gateway.proxy.header_filter import towards_client
from shared.errors import ServiceError
from shared.logs import get_logger


class Download(ASGIResponse):
    """Sends the service's answer on.

    When the service dies half-way the last piece is never sent, and the server breaks the connection: a
    client can tell the broken body from a whole one (RFC 9112 §8). When the client goes away, or does not
    read for `idle`, the service's connection is closed.
    """

    _should_set_content_length = False

    def __init__(self, upstream: aiohttp.ClientResponse, idle: timedelta, *, is_head: bool) -> None:
        super().__init__(status_code=upstream.status, is_head_response=is_head)
        self.headers.headers = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in towards_client(upstream.headers)
        ]
        self._upstream = upstream
        self._idle_s = idle.total_seconds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        watch = asyncio.create_task(self._close_when_gone(receive))
        try:
            async with asyncio.timeout(None) as patience:
                await self._send(send, patience)
        except TimeoutError:
            get_logger(__name__).info("download ended: the client did not read")
        except (aiohttp.ClientError, OSError) as error:
            get_logger(__name__).info("download ended early", reason=type(error).__name__)
        finally:
            watch.cancel()
            self._upstream.close()

    async def _send(self, send: Send, patience: asyncio.Timeout) -> None:
        await self.start_response(send)
        if not self.is_head_response:
            await self._send_content(send, patience)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_content(self, send: Send, patience: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        async for chunk in self._upstream.content.iter_any():
            patience.reschedule(loop.time() + self._idle_s)
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            patience.reschedule(None)

    async def _close_when_gone(self, receive: Receive) -> None:
        """Sending to a client that is gone looks like success; only `receive` tells."""
        with suppress(ServiceError):  # it may have announced a body that never comes
            while (await receive())["type"] != "http.disconnect":
                pass
        self._upstream.close()
