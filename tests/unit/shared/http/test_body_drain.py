"""Unread request bodies are drained after the response, within limits."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.http.body_drain import BodyDrainMiddleware, DrainLimits

CHUNKED = (b"transfer-encoding", b"chunked")
EXPECTS = (b"expect", b"100-continue")
Event = dict[str, Any]
App = Callable[[Any, Callable[[], Awaitable[Any]], Any], Awaitable[None]]


class Request:
    """Body events of a client, and the number of events left when the response was sent."""

    def __init__(self, *pieces: bytes, ends: bool = True) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.left_at_response: int | None = None
        for piece in pieces:
            self.events.put_nowait({"type": "http.request", "body": piece, "more_body": True})
        if ends:
            self.events.put_nowait({"type": "http.request", "body": b"", "more_body": False})

    async def run(self, app: App, limits: DrainLimits, *headers: tuple[bytes, bytes]) -> int:
        """Handles the request; returns the number of events left."""

        async def send(message: object) -> None:
            self.left_at_response = self.events.qsize()

        scope: Any = {"type": "http", "headers": list(headers)}
        async with asyncio.timeout(60):
            await BodyDrainMiddleware(app, limits)(scope, self.events.get, send)  # type: ignore[arg-type]
        return self.events.qsize()


async def refuse(scope: object, receive: object, send: Any) -> None:
    await send({})


async def read_one_and_refuse(scope: object, receive: Any, send: Any) -> None:
    await receive()
    await send({})


async def test_the_rest_of_a_refused_body_is_read_after_the_response() -> None:
    request = Request(b"one", b"two")
    assert await request.run(refuse, DrainLimits(), CHUNKED) == 0
    assert request.left_at_response == 3


async def test_the_body_is_read_after_an_error_too() -> None:
    async def fail(scope: object, receive: object, send: object) -> None:
        raise ZeroDivisionError

    request = Request(b"one")
    with pytest.raises(ZeroDivisionError):
        await request.run(fail, DrainLimits(), CHUNKED)
    assert request.events.empty()


async def test_draining_ends_at_its_bounds() -> None:
    assert await Request(*[b"123"] * 10).run(refuse, DrainLimits(max_bytes=5), CHUNKED) == 9
    soon = timedelta(seconds=0.01)
    for limits in (DrainLimits(idle=soon), DrainLimits(timeout=soon)):
        await Request(b"one", ends=False).run(refuse, limits, CHUNKED)


async def test_a_client_that_waits_for_100_continue_is_not_drained() -> None:
    assert await Request(b"one").run(refuse, DrainLimits(), CHUNKED, EXPECTS) == 2
    assert await Request(b"one").run(read_one_and_refuse, DrainLimits(), CHUNKED, EXPECTS) == 0


async def test_a_request_without_a_body_is_not_drained() -> None:
    assert await Request().run(refuse, DrainLimits()) == 1


async def test_a_client_that_has_left_is_not_waited_for() -> None:
    request = Request(ends=False)
    request.events.put_nowait({"type": "http.disconnect"})
    assert await request.run(read_one_and_refuse, DrainLimits(), CHUNKED) == 0
