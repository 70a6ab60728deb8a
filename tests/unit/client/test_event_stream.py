"""Event streams of the client: parsing, and resumption of broken connections."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.unit.client.server import EVENT_STREAM, StubServer, conversion, event
from tonegate_client.problems import Problem, ServerUnreachable
from tonegate_client.sse import EventParser, ServerSentEvent


class BrokenStream(httpx.AsyncByteStream):
    """Sends some bytes, then the connection breaks."""

    def __init__(self, sent: bytes) -> None:
        self._sent = sent

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._sent:
            yield self._sent
        raise httpx.ReadError("")


def test_events_are_found_however_the_bytes_arrive() -> None:
    lines = (
        ": hello",
        "id: 7",
        "event: progress\r",
        'data: {"a":',
        'data: "line\u2028separator"}',
        "",
        "retry: 1",
        "",
    )
    text = "".join(f"{line}\n" for line in lines).encode()
    parser = EventParser()
    found = [each for byte in text for each in parser.feed(bytes([byte]))]
    assert found == [ServerSentEvent("progress", "7", '{"a":\n"line\u2028separator"}')]


def test_an_endless_line_is_refused() -> None:
    parser = EventParser()
    with pytest.raises(ValueError, match="too long"):
        list(parser.feed(bytes(5 * 1024 * 1024)))


async def test_a_broken_stream_is_resumed_after_the_last_event() -> None:
    streams = iter(
        [
            BrokenStream(event(1, "progress", conversion(status="queued"))),
            BrokenStream(b""),
            BrokenStream(event(2, "progress", conversion(status="converting"))),
            httpx.ByteStream(event(3, "completed", conversion())),
        ]
    )
    server = StubServer(lambda _: httpx.Response(200, stream=next(streams), headers=EVENT_STREAM))
    async with server.client() as client:
        found = [each async for each in client.conversions.follow("c1")]
    assert [each.id for each in found] == ["1", "2", "3"]
    assert [each.headers.get("last-event-id") for each in server.seen] == [None, "1", "1", "2"]


async def test_a_stream_without_further_events_ends() -> None:
    server = StubServer(lambda _: httpx.Response(204))
    async with server.client() as client:
        assert [each async for each in client.conversions.follow("c1", "9")] == []


async def test_a_stream_that_always_breaks_ends_with_an_error() -> None:
    server = StubServer(
        lambda _: httpx.Response(200, stream=BrokenStream(b": hello\n\n"), headers=EVENT_STREAM)
    )
    async with server.client() as client:
        with pytest.raises(ServerUnreachable):
            await client.conversions.wait("c1")
    assert len(server.seen) == 4


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>", "text/html"),
        (b"", "text/event-stream"),
        (b"id: 1\nevent: progress\ndata: {}\n\n", "text/event-stream"),
    ],
)
async def test_what_is_no_event_stream_ends_with_an_error(body: bytes, kind: str) -> None:
    server = StubServer(lambda _: httpx.Response(200, content=body, headers={"Content-Type": kind}))
    async with server.client() as client:
        with pytest.raises(Problem) as wrong:
            await client.conversions.wait("c1")
    assert wrong.value.code == "unexpected_response"
    assert len(server.seen) <= 4


async def test_an_id_leads_to_no_other_call() -> None:
    server = StubServer(lambda _: httpx.Response(204))
    async with server.client() as client:
        assert [each async for each in client.conversions.follow("../keys?x", "9")] == []
    assert server.seen[0].url.raw_path == b"/v1/conversions/..%2Fkeys%3Fx/events"
