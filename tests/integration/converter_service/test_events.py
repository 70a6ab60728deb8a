"""Event streams: the present state at once, then each change up to the final state, none twice."""

from datetime import timedelta

from converter_service.conversions.events import SOURCE
from converter_service.conversions.model import Conversion
from converter_service.conversions.transitions.finish import cancelled
from converter_service.conversions.transitions.removal import bytes_deleted, deleted, expired
from converter_service.conversions.transitions.run import renewed
from converter_service.event_streams.publisher import change_event
from converter_service.storage.conversions import MongoConversions
from shared.clock import utc_now
from shared.contracts.events import ConversionCancelled
from shared.messaging.envelope import wrap
from tests.support.conversions import PATHS, RETENTION, converting, done, failed_one, queued
from tests.support.converter import ConverterApi
from tests.support.sse import ServerEvent

MINUTE = timedelta(minutes=1)


class Watched:
    """A conversion whose changes the test stores, and publishes when it chooses."""

    def __init__(self, api: ConverterApi, conversion: Conversion) -> None:
        self.api = api
        self.store = MongoConversions(api.database, utc_now)
        self.now = conversion

    async def add(self) -> "Watched":
        await self.store.add(self.now)
        return self

    async def save(self, changed: Conversion) -> None:
        self.now = await self.store.save(changed)

    async def told(self, changed: Conversion) -> None:
        await self.save(changed)
        await self.publish()

    async def publish(self) -> None:
        await self.api.broker.publish(wrap(change_event(self.now, PATHS), SOURCE, self.now.id))

    def further(self, share: float) -> Conversion:
        return renewed(self.now, "token-1", utc_now() + MINUTE, share)

    def called_off(self) -> Conversion:
        return cancelled(self.now, now=utc_now(), retention=RETENTION)


async def running(api: ConverterApi) -> Watched:
    return await Watched(api, converting(at=utc_now())).add()


def progress(event: ServerEvent | None, share: float) -> ServerEvent:
    assert event is not None
    assert (event.name, event.data["progress"]) == ("progress", share)
    return event


async def test_the_current_state_is_sent_first_then_each_change_until_the_final_state(
    api: ConverterApi,
) -> None:
    watched = await running(api)
    async with api.events(watched.now.id) as stream:
        assert stream.answer.headers["Content-Type"].startswith("text/event-stream")
        assert stream.answer.headers["Cache-Control"] == "no-store"
        assert stream.answer.headers["X-Accel-Buffering"] == "no"
        first = progress(await stream.next(), 0.0)
        assert stream.retry_ms
        await watched.told(watched.further(0.25))
        second = progress(await stream.next(), 0.25)
        await watched.told(watched.called_off())
        last = await stream.next()
        assert await stream.next() is None
    assert last is not None
    assert last.name == "cancelled"
    assert int(first.identity) < int(second.identity) < int(last.identity)
    shown = await (await api.call("GET", f"/v1/conversions/{watched.now.id}")).json()
    assert last.data == shown


async def test_the_stream_of_a_finished_conversion_ends_at_once(api: ConverterApi) -> None:
    now = utc_now()
    for number, (made, name) in enumerate(
        (
            (done(1, at=now), "completed"),
            (failed_one(2, at=now), "failed"),
            (bytes_deleted(expired(done(3, at=now), now)), "progress"),
        )
    ):
        watched = await Watched(api, made).add()
        async with api.events(made.id) as stream:
            [event] = await stream.rest()
        assert (event.name, event.data["status"]) == (name, made.status.value), number
        async with api.events(watched.now.id, event.identity) as stream:
            assert stream.answer.status == 204
            assert await stream.answer.read() == b""


async def test_a_reconnected_client_gets_new_events_only(api: ConverterApi) -> None:
    watched = await running(api)
    async with api.events(watched.now.id) as stream:
        first = await stream.next()
    assert first is not None
    async with api.events(watched.now.id, first.identity) as stream:
        await watched.told(watched.further(0.5))
        progress(await stream.next(), 0.5)
    await watched.told(watched.called_off())
    async with api.events(watched.now.id, first.identity) as stream:
        assert [event.name for event in await stream.rest()] == ["cancelled"]


async def test_the_outbox_event_alone_ends_the_stream(api: ConverterApi) -> None:
    """Progress events may be lost; events from the outbox are not."""
    watched = await running(api)
    async with api.events(watched.now.id) as stream:
        await stream.next()
        await watched.save(watched.called_off())
        event = ConversionCancelled(conversion_id=watched.now.id, owner_id="alice", filename="talk.mp4")
        await api.broker.publish(wrap(event, SOURCE, watched.now.id))
        assert [event.name for event in await stream.rest()] == ["cancelled"]


async def test_the_stream_of_a_deleted_conversion_ends_without_an_event(api: ConverterApi) -> None:
    watched = await running(api)
    async with api.events(watched.now.id) as stream:
        await stream.next()
        await watched.told(deleted(watched.now, utc_now()))
        assert await stream.rest() == []
    assert (await api.call("GET", f"/v1/conversions/{watched.now.id}/events")).status == 404


async def test_only_the_owner_may_open_the_stream(api: ConverterApi) -> None:
    watched = await Watched(api, queued(at=utc_now())).add()
    answer = await api.call("GET", f"/v1/conversions/{watched.now.id}/events", "mallory")
    assert (answer.status, (await answer.json(content_type=None))["code"]) == (404, "not_found")
    assert (await api.call("GET", f"/v1/conversions/{watched.now.id}/events", None)).status == 401


async def test_streams_end_when_the_process_stops(api: ConverterApi) -> None:
    watched = await running(api)
    async with api.events(watched.now.id) as stream:
        await stream.next()
        api.stop.set()
        assert await stream.rest() == []
