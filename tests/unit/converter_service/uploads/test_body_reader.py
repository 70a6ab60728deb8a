"""BodyReader: bound, count, digest, idle deadline, early end and draining of a request body."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
from litestar.types import HTTPReceiveMessage

from converter_service.errors import UploadBroken
from converter_service.uploads.body_frame import Framing
from converter_service.uploads.body_reader import BodyReader
from shared.errors import ClientDisconnected, InvalidRequest, RequestTimeout, TooLarge
from tests.support.request_body import body_of

SOON = timedelta(seconds=0.05)
LATE = timedelta(minutes=1)
MANY = 10**9


class Client:
    """Sends what the test queues."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[HTTPReceiveMessage] = asyncio.Queue()

    def send(self, *pieces: bytes, more: bool = True) -> "Client":
        for piece in pieces:
            self.sent.put_nowait({"type": "http.request", "body": piece, "more_body": True})
        if not more:
            self.sent.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        return self

    def hang_up(self) -> None:
        self.sent.put_nowait({"type": "http.disconnect"})

    def body(
        self,
        idle: timedelta = LATE,
        max_bytes: int = MANY,
        length: int | None = None,
    ) -> BodyReader:
        return BodyReader(
            self.sent.get,
            idle_timeout=idle,
            max_bytes=max_bytes,
            declared_length=length,
        )


class Envelope(Framing):
    """Framing for tests: the video is what stands between `<` and `>`."""

    envelope_limit = 4

    def __init__(self) -> None:
        self.envelope_bytes = 0
        self.at_video = False
        self.closed = False

    def feed(self, piece: bytes) -> Iterator[bytes]:
        rest = piece if self.at_video else piece.partition(b"<")[2]
        self.at_video = self.at_video or b"<" in piece
        yield b""
        video = rest.partition(b">")[0]
        yield video
        self.envelope_bytes += len(piece) - len(video)

    def close(self) -> None:
        self.closed = True


async def all_of(body: BodyReader) -> list[bytes]:
    return [piece async for piece in body]


async def test_a_body_is_read_in_the_pieces_in_which_it_was_sent() -> None:
    body = Client().send(b"one", b"", b"two", more=False).body(SOON)
    assert await all_of(body) == [b"one", b"two"]
    assert body.size == 6
    assert await all_of(body) == [], "the end stays the end"


async def test_stalled_and_disconnected_clients_are_distinguished() -> None:
    client = Client()
    with pytest.raises(RequestTimeout):
        await anext(client.body(SOON))
    client.hang_up()
    with pytest.raises(ClientDisconnected):
        await anext(client.body(SOON))


async def test_the_deadline_is_for_each_piece_and_not_for_the_body() -> None:
    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(8):
            await asyncio.sleep(0.1)
            yield b"piece"

    body = body_of(slowly(), idle_timeout=timedelta(seconds=0.5))
    assert len(await all_of(body)) == 8


@pytest.mark.parametrize("gone", [True, False])
async def test_an_interrupted_body_never_looks_complete(gone: bool) -> None:
    client = Client().send(b"half")
    body = client.body(SOON)
    if gone:
        client.hang_up()
    assert await anext(body) == b"half"
    with pytest.raises((ClientDisconnected, RequestTimeout)):
        await anext(body)
    client.send(more=False)
    with pytest.raises(ClientDisconnected):
        await anext(body)


async def test_an_unexpected_asgi_event_is_refused() -> None:
    client = Client()
    client.sent.put_nowait({"type": "http.strange"})  # type: ignore[typeddict-item]
    with pytest.raises(InvalidRequest):
        await anext(client.body())


async def test_a_cancellation_that_comes_together_with_a_piece_is_not_lost() -> None:
    client = Client()

    async def read_and_wait() -> None:
        await anext(client.body())
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


async def test_exactly_the_bound_is_taken_and_a_byte_more_is_not() -> None:
    assert await all_of(Client().send(b"1234", more=False).body(max_bytes=4)) == [b"1234"]
    body = Client().send(b"123", b"45").body(max_bytes=4)
    assert await anext(body) == b"123"
    with pytest.raises(TooLarge):
        await anext(body)


async def test_a_bound_can_be_lowered_and_not_raised() -> None:
    body = Client().send(b"123").body(max_bytes=9)
    body.limit(2)
    body.limit(5)
    with pytest.raises(TooLarge):
        await anext(body)


@pytest.mark.parametrize("length", [5, 7])
async def test_a_body_of_another_length_than_declared_is_broken(length: int) -> None:
    body = Client().send(b"123456", more=False).body(length=length)
    assert await anext(body) == b"123456"
    with pytest.raises(UploadBroken):
        await anext(body)
    assert await all_of(Client().send(b"123456", more=False).body(length=6)) == [b"123456"]


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512", "md5"])
async def test_a_digest_is_that_of_the_whole_body_peeked_bytes_included(algorithm: str) -> None:
    body = Client().send(b"one", b"two", b"three", more=False).body()
    assert await body.peek(4) == b"onetwo"
    body.digest_with(algorithm)
    assert await all_of(body) == [b"onetwo", b"three"]
    assert body.digest() == hashlib.new(algorithm, b"onetwothree").digest()
    assert body.size == 11


async def test_peek_returns_all_of_a_short_body() -> None:
    body = Client().send(b"one", more=False).body()
    assert await body.peek(16) == b"one"
    assert await body.peek(16) == b"one"
    assert await all_of(body) == [b"one"]
    assert await Client().send(more=False).body().peek(16) == b""


async def test_the_meter_is_called_before_each_piece_with_the_bytes_so_far() -> None:
    asked: list[int] = []

    async def meter(size: int) -> None:
        asked.append(size)
        if size > 6:
            raise TooLarge

    body = Client().send(b"one", b"two", b"three", more=False).body()
    await body.peek(1)
    body.meter = meter
    assert (await anext(body), await anext(body)) == (b"one", b"two")
    with pytest.raises(TooLarge):
        await anext(body)
    assert asked == [3, 6, 11]


async def test_a_framing_finds_the_video_and_the_rest_has_a_bound_of_its_own() -> None:
    body = Client().send(b"a", b"b<vid", b"eo>", more=False).body(max_bytes=5, length=9)
    framing = Envelope()
    body.frame(framing)
    await body.read_envelope()
    assert (framing.at_video, body.size) == (True, 0)
    assert await all_of(body) == [b"vid", b"eo"]
    assert (body.size, framing.envelope_bytes, framing.closed) == (5, 4, True)


@pytest.mark.parametrize("sent", [b"<video!>", b"aaaaaaaaaa", b"aaa<video>"])
async def test_a_framed_body_is_bounded_as_a_whole_and_in_its_video(sent: bytes) -> None:
    body = Client().send(sent, more=False).body(max_bytes=5)
    body.frame(Envelope())
    with pytest.raises(TooLarge):
        await all_of(body)
