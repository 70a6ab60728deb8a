"""Request bodies as they arrive: never whole in memory, never waited for without an end."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from litestar import Request

from shared.errors import InvalidRequest, RequestTimeout


class ClientDisconnected(InvalidRequest):
    """The client closed its connection before its body was complete."""


async def chunks(request: Request[Any, Any, Any], idle_timeout: timedelta) -> AsyncIterator[bytes]:
    """Yields the body in the pieces in which it arrives (not empty, at most some hundred KiB).

    Raises ClientDisconnected when the connection closes early (also within a chunked body, RFC 9112 §8) and
    RequestTimeout when nothing arrives for `idle_timeout`. Reads only as fast as it is consumed.
    """
    while True:
        try:
            async with asyncio.timeout(idle_timeout.total_seconds()):
                event = await request.receive()
        except TimeoutError:
            raise RequestTimeout("Nothing arrived for too long.") from None
        if event["type"] == "http.disconnect":
            raise ClientDisconnected("The connection closed before the body was complete.")
        if event["type"] != "http.request":
            raise InvalidRequest("The request is not valid.")
        if event["body"]:
            yield event["body"]
        if not event.get("more_body", False):
            return


async def drain(body: AsyncIterator[bytes], *, at_most_bytes: int, within: timedelta) -> None:
    """Throws away the rest after an early refusal, so that a client that is still sending reads the answer.

    Closing with unread bytes resets the connection, which can take the answer with it (RFC 9112 §9.6).
    Bounded: a client that sends for ever is cut off.
    """
    seen = 0
    try:
        async with asyncio.timeout(within.total_seconds()):
            async for chunk in body:
                seen += len(chunk)
                if seen > at_most_bytes:
                    return
    except (TimeoutError, ClientDisconnected, RequestTimeout):
        return
