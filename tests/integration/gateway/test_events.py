"""Event streams through the gateway: prompt relaying, end with the session, limits per account."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from http import HTTPStatus

from shared.contracts.events import SessionRevoked
from shared.messaging.envelope import wrap
from tests.integration.gateway.rig import SIGNED_IN, Rig, running
from tests.integration.gateway.services import ReceivedRequest, accept
from tests.support.sse import EventReader, event_stream
from tests.support.wait import PATIENCE_S

PRESENT = b'id: 1\nevent: progress\ndata: {"progress":0.5}\n\n'
END = b'id: 2\nevent: completed\ndata: {"progress":1}\n\n'


class Streams:
    """A converter whose event streams send one event, then the last one when `go_on` is set."""

    def __init__(self, rig: Rig) -> None:
        self.left = asyncio.Event()
        self.go_on = asyncio.Event()
        self.pause_s = 0.0
        rig.converter.script = self._stream

    async def _stream(self, seen: ReceivedRequest) -> None:
        if not seen.target.endswith("/events"):
            await accept(seen)
            return
        fields = {"cache-control": "no-store", "x-accel-buffering": "no", "transfer-encoding": "chunked"}
        seen.start("200 OK", **fields, **{"content-type": "text/event-stream; charset=utf-8"})
        seen.writer.write(chunk(PRESENT))
        await seen.writer.drain()
        gone, going_on = asyncio.create_task(seen.wait_closed()), asyncio.create_task(self.go_on.wait())
        await asyncio.wait({gone, going_on}, return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            self.left.set()
            seen.writer.close()
            return
        await asyncio.sleep(self.pause_s)
        seen.writer.write(chunk(END) + b"0\r\n\r\n")
        gone.cancel()


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


@asynccontextmanager
async def watching(rig: Rig, last_id: str | None = None, token: str = "t1") -> AsyncIterator[EventReader]:
    url = f"{rig.url}/v1/conversions/c1/events"
    async with event_stream(rig.http, url, {"Authorization": f"Bearer {token}"}, last_id) as stream:
        yield stream


async def began(stream: EventReader) -> None:
    event = await stream.next()
    assert event is not None
    assert event.name == "progress"


async def test_events_are_relayed_at_once_and_an_idle_stream_stays_open() -> None:
    async with running(idle_timeout=timedelta(seconds=1)) as impatient:
        streams = Streams(impatient)
        streams.pause_s = 1.5
        async with watching(impatient, "7") as stream:
            fields = stream.answer.headers
            assert fields["Content-Type"].startswith("text/event-stream")
            assert (fields["Cache-Control"], fields["X-Accel-Buffering"]) == ("no-store", "no")
            assert "Content-Encoding" not in fields
            await began(stream)
            streams.go_on.set()
            assert [event.name for event in await stream.rest()] == ["completed"]
        [seen] = impatient.converter.seen
        assert seen.header("last-event-id") == "7"
        assert seen.claims("converter_service")["sub"] == "u1"


async def test_a_stream_ends_cleanly_with_its_session(rig: Rig) -> None:
    Streams(rig)
    rig.auth.sign_in("t2", sid="s2", sub="u2")
    async with watching(rig) as ended, watching(rig, token="t2") as other:
        await began(ended)
        await began(other)
        await rig.broker.publish(wrap(SessionRevoked(session_id="s1", user_id="u1"), "auth_service", "s1"))
        assert await ended.rest() == []
        assert not other.answer.content.at_eof()


async def test_a_stream_ends_when_its_token_expires(rig: Rig) -> None:
    streams = Streams(rig)

    async def began_and_ended(lasting_s: float) -> bool:
        """Returns False if the token expired before the stream began, as on a busy machine."""
        token = rig.auth.sign_in(f"for-{lasting_s}", exp=time.time() + lasting_s)
        async with watching(rig, token=token) as stream:
            if stream.answer.status == HTTPStatus.UNAUTHORIZED:
                return False
            await began(stream)
            assert await stream.rest() == []
        return True

    assert await began_and_ended(2) or await began_and_ended(30)
    await asyncio.wait_for(streams.left.wait(), PATIENCE_S)


async def test_a_disconnected_client_frees_its_slot_and_the_converter() -> None:
    async with running(max_event_streams=1, max_streams=1, max_calls=1) as rig:
        streams = Streams(rig)
        async with watching(rig) as stream:
            await began(stream)
            async with watching(rig) as second:
                assert second.answer.status == 503
            async with rig.http.get(f"{rig.url}/v1/conversions", headers=SIGNED_IN) as answer:
                assert answer.status == 202
        await asyncio.wait_for(streams.left.wait(), PATIENCE_S)
        async with watching(rig) as again:
            await began(again)


async def test_event_streams_are_limited_per_account() -> None:
    async with running(max_streams_per_client=2) as rig, AsyncExitStack() as stack:
        Streams(rig)
        rig.auth.sign_in("t2", sid="s2", sub="u2")
        for _ in range(2):
            await began(await stack.enter_async_context(watching(rig)))
        async with watching(rig) as refused:
            assert refused.answer.status == 429
            assert (await refused.answer.json(content_type=None))["code"] == "rate_limited"
        await began(await stack.enter_async_context(watching(rig, token="t2")))


async def test_a_refusal_of_the_converter_is_forwarded_and_frees_the_slot() -> None:
    async def refuse(seen: ReceivedRequest) -> None:
        seen.problem(404, "not_found")

    async with running(max_event_streams=1) as rig:
        rig.converter.script = refuse
        for _ in range(3):
            async with watching(rig) as stream:
                assert stream.answer.status == 404


async def test_head_has_the_headers_of_get_and_takes_no_slot() -> None:
    async with running(max_event_streams=1) as rig:
        Streams(rig)
        for _ in range(2):
            async with rig.http.head(f"{rig.url}/v1/conversions/c1/events", headers=SIGNED_IN) as answer:
                assert answer.status == 200
                assert answer.headers["Content-Type"].startswith("text/event-stream")


async def test_streams_end_cleanly_when_the_gateway_stops() -> None:
    async with AsyncExitStack() as stack:
        rig = await stack.enter_async_context(running())
        Streams(rig)
        stream = await stack.enter_async_context(watching(rig))
        await began(stream)
        rig.stop.set()
        assert await stream.rest() == []
