"""Requests that are sent once more, because the first connection or process did not handle them."""

from collections.abc import Awaitable, Callable

import aiohttp

from gateway.proxy.http_sessions import Sessions
from shared.errors import Unavailable
from shared.http.graceful_stop import UNHANDLED

# RFC 9110 §9.2.1: without effects, so that an answer that was lost does no harm.
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def is_unhandled(response: aiohttp.ClientResponse) -> bool:
    """True when the process that answered is about to stop and has not handled the request.

    `Connection: close` does not say so: the HTTP server adds it to any response, also one to a request that
    was handled.
    """
    return response.status == Unavailable.status and UNHANDLED in response.headers


async def send_repeatable(
    send: Callable[[aiohttp.ClientSession], Awaitable[aiohttp.ClientResponse]],
    sessions: Sessions,
    method: str,
) -> aiohttp.ClientResponse:
    """Sends on a pooled connection; once more on a new one when the request was not handled, or is safe and
    its connection ended without an answer.
    """
    try:
        response = await send(sessions.pooled)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
        if method not in SAFE:
            raise
        return await send(sessions.single_use)
    if is_unhandled(response):
        response.close()
        return await send(sessions.single_use)
    return response
