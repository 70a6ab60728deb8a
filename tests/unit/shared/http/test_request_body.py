"""Reading a request's body: an end to every wait, and no cancellation that gets lost."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from litestar import Request
from litestar.types import HTTPReceiveMessage

from shared.errors import RequestTimeout
from shared.http.request_body import ClientDisconnected, chunks

SOON = timedelta(seconds=0.05)
LATE = timedelta(minutes=1)


class Client:
    """Sends what the test tells it to."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[HTTPReceiveMessage] = asyncio.Queue()

    def request(self) -> Request[Any, Any, Any]:
        scope: Any = {"type": "http"}
        return Request(scope, receive=self.sent.get)

    def send(self, body: bytes, *, more: bool = True) -> None:
        self.sent.put_nowait({"type": "http.request", "body": body, "more_body": more})


async def test_a_body_comes_in_the_pieces_in_which_it_was_sent() -> None:
    client = Client()
    for piece in (b"one", b"", b"two"):
        client.send(piece)
    client.send(b"", more=False)
    assert [chunk async for chunk in chunks(client.request(), SOON)] == [b"one", b"two"]


async def test_a_client_that_falls_silent_or_hangs_up_is_told_apart() -> None:
    client = Client()
    with pytest.raises(RequestTimeout):
        await anext(chunks(client.request(), SOON))
    client.sent.put_nowait({"type": "http.disconnect"})
    with pytest.raises(ClientDisconnected):
        await anext(chunks(client.request(), SOON))


async def test_a_cancellation_that_comes_together_with_a_piece_is_not_lost() -> None:
    client = Client()

    async def read_and_wait() -> None:
        await anext(chunks(client.request(), LATE))
        await asyncio.Event().wait()

    for turns in range(4):
        reading = asyncio.create_task(read_and_wait())
        await asyncio.sleep(0.01)
        client.send(b"piece")
        for _ in range(turns):
            await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait([reading], timeout=60)
        assert reading.cancelled(), turns
        client.sent = asyncio.Queue()
