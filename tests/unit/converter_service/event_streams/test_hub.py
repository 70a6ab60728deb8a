"""Hub: subscriptions share snapshots and do not block each other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from datetime import timedelta

import pytest
from msgspec.structs import replace

from converter_service.conversions.model import Conversion, State
from converter_service.conversions.transitions.finish import cancelled
from converter_service.conversions.transitions.removal import deleted
from converter_service.conversions.transitions.run import renewed
from converter_service.event_streams.controller import parse_last_event_id
from converter_service.event_streams.hub import MAX_SUBSCRIPTIONS, Hub, RefreshIntervals
from converter_service.event_streams.snapshot import Snapshot, snapshot_of
from converter_service.event_streams.stream import format_event
from converter_service.handlers import change_listener
from shared.errors import Overloaded, Unavailable
from shared.messaging.errors import NotReady
from tests.support.conversions import LEASE, NOON, PATHS, RETENTION, converting, done
from tests.support.in_memory.conversions import MemoryConversions
from tests.support.messaging import MemoryBroker
from tests.support.wait import PATIENCE_S, until

SOON = RefreshIntervals(every_s=0.01, quiet_s=3600, without_broker_s=0.0)


class CountingStore(MemoryConversions):
    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.away = False

    async def get(self, conversion_id: str) -> Conversion | None:
        self.asked += 1
        if self.away:
            raise Unavailable("The store cannot be reached.")
        return await super().get(conversion_id)


@pytest.fixture
async def store() -> CountingStore:
    made = CountingStore()
    await made.add(converting())
    return made


def further(conversion: Conversion, share: float) -> Conversion:
    return renewed(conversion, "token-1", NOON + LEASE, share)


def over(conversion: Conversion) -> Conversion:
    return cancelled(conversion, now=NOON, retention=RETENTION)


async def test_a_slow_subscriber_gets_the_latest_and_the_final_state(store: CountingStore) -> None:
    hub, conversion = Hub(store, PATHS), converting()
    with hub.subscribe(conversion.id) as subscription:
        for step in range(1, 100):
            conversion = further(conversion, step / 100)
            hub.publish(conversion.id, snapshot_of(conversion, PATHS))
        hub.publish(conversion.id, snapshot_of(over(conversion), PATHS))
        newest = await subscription.next(-1)
        assert newest is not None
        assert (newest.status, newest.is_final) == (State.CANCELLED, True)


async def test_late_and_repeated_events_are_ignored(store: CountingStore) -> None:
    hub, first = Hub(store, PATHS), converting()
    second = further(first, 0.5)
    with hub.subscribe(first.id) as subscription:
        for each in (second, first, second):
            hub.publish(first.id, snapshot_of(each, PATHS))
        assert await subscription.next(-1) == snapshot_of(second, PATHS)
        waiting = asyncio.create_task(subscription.next(second.revision))
        hub.publish(first.id, snapshot_of(second, PATHS))
        hub.publish(first.id, snapshot_of(further(second, 0.75), PATHS))
        newest = await waiting
        assert newest is not None
        assert newest.revision == second.revision + 1


async def test_one_query_serves_all_subscribers(store: CountingStore) -> None:
    hub = Hub(store, PATHS)
    with ExitStack() as stack:
        listeners = [stack.enter_context(hub.subscribe(converting().id)) for _ in range(100)]
        await hub.refresh(converting().id)
        found = {await subscription.next(-1) for subscription in listeners}
    assert found == {snapshot_of(converting(), PATHS)}
    assert store.asked == 1


async def test_conversions_without_subscribers_are_not_queried(store: CountingStore) -> None:
    hub = Hub(store, PATHS)
    with hub.subscribe(converting().id):
        pass
    await hub.refresh(converting().id)
    await hub.refresh_all()
    await hub.refresh_unless_final(converting().id)
    hub.publish(converting().id, snapshot_of(converting(), PATHS))
    assert store.asked == 0


async def test_events_of_finished_conversions_cause_no_query(store: CountingStore) -> None:
    hub = Hub(store, PATHS)
    with hub.subscribe(done().id):
        hub.publish(done().id, snapshot_of(done(), PATHS))
        await hub.refresh_unless_final(done().id)
    assert store.asked == 0


@asynccontextmanager
async def running(hub: Hub, *, connected: bool) -> AsyncIterator[None]:
    async def listening() -> None:
        if not connected:
            raise NotReady("away")

    task = asyncio.create_task(hub.run(listening))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_without_a_broker_the_store_is_polled(store: CountingStore) -> None:
    hub = Hub(store, PATHS, SOON)
    store.away = True
    async with running(hub, connected=False):
        with hub.subscribe(converting().id) as subscription:
            await until(lambda: store.asked > 1, what="it is asked, and asked again after a failure")
            store.away = False
            await store.save(over(converting()))
            newest = await subscription.next(converting().revision)
            assert newest is not None
            assert newest.is_final


async def test_missed_changes_are_queried_when_the_subscription_starts(store: CountingStore) -> None:
    hub = Hub(store, PATHS)
    async with MemoryBroker(()) as broker:
        news = change_listener(broker, hub)
        with hub.subscribe(converting().id) as subscription:
            await store.save(over(converting()))
            listening = asyncio.create_task(news.run())
            newest = await asyncio.wait_for(subscription.next(converting().revision), PATIENCE_S)
            assert newest is not None
            assert newest.is_final
        await news.stop(timedelta())
        await listening


async def test_with_a_broker_the_store_is_polled_rarely(store: CountingStore) -> None:
    hub = Hub(store, PATHS, SOON)
    rounds = 0

    async def listening() -> None:
        nonlocal rounds
        rounds += 1

    task = asyncio.create_task(hub.run(listening))
    with hub.subscribe(converting().id):
        await until(lambda: rounds > 3, what="some rounds")
    task.cancel()
    assert store.asked == 0


async def test_streams_of_deleted_conversions_end_without_an_event(store: CountingStore) -> None:
    hub = Hub(store, PATHS)
    with hub.subscribe(converting().id) as subscription, hub.subscribe("nothing") as other:
        await store.save(deleted(converting(), NOON))
        await hub.refresh_all()
        assert await subscription.next(-1) is None
        assert await other.next(-1) is None


async def test_all_streams_end_when_the_process_stops(store: CountingStore) -> None:
    hub = Hub(store, PATHS)
    with hub.subscribe(converting().id) as subscription:
        waiting = asyncio.create_task(subscription.next(converting().revision))
        hub.close()
        assert await waiting is None
    with hub.subscribe(converting().id) as late:
        assert await late.next(-1) is None


async def test_the_number_of_subscribers_is_limited(store: CountingStore) -> None:
    hub = Hub(store, PATHS)
    with ExitStack() as stack:
        for _ in range(MAX_SUBSCRIPTIONS):
            stack.enter_context(hub.subscribe("one"))
        with pytest.raises(Overloaded), hub.subscribe("other"):
            pass
    with hub.subscribe("other"):
        pass


def test_an_event_has_one_data_line_for_any_file_name() -> None:
    hostile = replace(done(), source=replace(done().source, filename="a\nevent: b\r\ndata: c\u2028.mp4"))
    lines = format_event(snapshot_of(hostile, PATHS)).decode().split("\n")
    assert [line.partition(":")[0] for line in lines] == ["id", "event", "data", "", ""]
    assert "\r" not in "".join(lines)


@pytest.mark.parametrize(
    ("header", "seen"),
    [
        ("0", 0),
        (" 7 ", 7),
        ("8", -1),
        (None, -1),
        ("", -1),
        ("-1", -1),
        ("x", -1),
        ("٣", -1),
        ("9" * 5000, -1),
    ],
)
def test_an_unknown_last_event_id_is_ignored(header: str | None, seen: int) -> None:
    assert parse_last_event_id(header, Snapshot(7, State.CONVERTING, b"{}")) == seen
