"""The outbox relay with a store and a broker that fail."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import pytest

from shared.contracts.events import SessionRevoked, VideoUploaded
from shared.logs import correlation_id
from shared.messaging.envelope import Envelope, wrap
from shared.messaging.errors import PublishFailed
from shared.messaging.outbox import OutboxRelay, Pending
from tests.support.messaging.outbox import MemoryOutbox
from tests.support.wait import until


class Broker:
    """A publisher that fails for the events in `refuses`, and for all while `down`."""

    def __init__(self) -> None:
        self.down = False
        self.refuses: set[str] = set()
        self.error: Exception = PublishFailed("not now")
        self.published: list[str] = []
        self.attempts: list[str] = []
        self.correlations: list[str] = []

    async def publish(self, envelope: Envelope) -> None:
        self.attempts.append(envelope.id)
        if self.down or envelope.type in self.refuses:
            raise self.error
        self.published.append(envelope.id)
        self.correlations.append(correlation_id.get())


class FailingStore(MemoryOutbox):
    """A store whose calls fail a given number of times after taking effect."""

    def __init__(self, claims: int = 0, clears: int = 0) -> None:
        super().__init__()
        self.claims = claims
        self.clears = clears

    async def claim(self, limit: int, lease_s: float) -> Sequence[Pending]:
        if self.claims:
            self.claims -= 1
            raise ConnectionError("the store is away")
        return await super().claim(limit, lease_s)

    async def clear(self, pending: Sequence[Pending]) -> None:
        if self.clears:
            self.clears -= 1
            raise ConnectionError("the store is away")
        await super().clear(pending)


@contextlib.asynccontextmanager
async def relaying(relay: OutboxRelay) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(relay.run())
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def broker() -> Broker:
    return Broker()


def uploaded(number: int = 0) -> Envelope:
    return wrap(VideoUploaded(conversion_id="c"), "/test", "c", f"event-{number}", correlation="request-7")


def quick(store: MemoryOutbox, broker: Broker, lease_s: float = 20) -> OutboxRelay:
    return OutboxRelay(store, broker, batch=10, lease_s=lease_s, poll_s=0.05, max_pause_s=0.05)


async def test_stored_events_are_published_in_order_and_cleared(broker: Broker) -> None:
    store = MemoryOutbox()
    for number in range(25):
        await store.store(uploaded(number))
    async with relaying(quick(store, broker)):
        await until(lambda: not len(store), what="the outbox is empty")
    assert broker.published == [f"event-{number}" for number in range(25)]


async def test_a_wake_spares_the_wait_for_the_next_poll(broker: Broker) -> None:
    store = MemoryOutbox()
    relay = OutboxRelay(store, broker, poll_s=3600)
    async with relaying(relay):
        await asyncio.sleep(0)
        await store.store(uploaded())
        relay.wake()
        await until(lambda: not len(store), what="the outbox is empty")


async def test_a_poll_finds_events_without_a_wake(broker: Broker) -> None:
    store = MemoryOutbox()
    async with relaying(quick(store, broker)):
        await store.store(uploaded())
        await until(lambda: not len(store), what="the outbox is empty")


async def test_nothing_is_cleared_while_the_broker_is_down_and_all_is_sent_afterwards(broker: Broker) -> None:
    store = MemoryOutbox()
    broker.down = True
    await store.store(uploaded())
    async with relaying(quick(store, broker)):
        await until(lambda: len(broker.attempts) >= 3, what="it keeps trying")
        assert len(store) == 1
        broker.down = False
        await until(lambda: not len(store), what="the outbox is empty")
    assert broker.published == ["event-0"]


async def test_the_relay_outlasts_its_own_lease_while_the_broker_is_down(broker: Broker) -> None:
    store = MemoryOutbox()
    broker.down = True
    await store.store(uploaded())
    async with relaying(quick(store, broker, lease_s=0.1)):
        await until(lambda: len(broker.attempts) >= 10, what="it keeps trying")
        broker.down = False
        await until(lambda: not len(store), what="the outbox is empty")


@pytest.mark.parametrize("error", [PublishFailed("unroutable"), ValueError("a fault in the program")])
async def test_an_unpublishable_event_does_not_block_others(broker: Broker, error: Exception) -> None:
    store = MemoryOutbox()
    broker.refuses, broker.error = {"session_revoked"}, error
    await store.store(wrap(SessionRevoked(session_id="s", user_id="u"), "/test", "s", "stuck"))
    await store.store(uploaded(1))
    async with relaying(quick(store, broker, lease_s=0.2)):
        await until(lambda: "event-1" in broker.published, what="the other one is published")
        await store.store(uploaded(2))
        await until(lambda: "event-2" in broker.published, what="a later one is published")
    assert len(store) == 1


async def test_an_unpublishable_event_blocks_nothing_during_its_lease(
    broker: Broker,
) -> None:
    store, loop = MemoryOutbox(), asyncio.get_running_loop()
    broker.refuses = {"session_revoked"}
    await store.store(wrap(SessionRevoked(session_id="s", user_id="u"), "/test", "s", "stuck"))
    async with relaying(quick(store, broker, lease_s=3600)):
        await until(lambda: broker.attempts.count("stuck") > 1, what="it is tried again")
        began = loop.time()
        for number in range(25):
            await store.store(uploaded(number))
        await until(lambda: len(store) == 1, what="all others are published")
        assert loop.time() - began < 60
        broker.refuses = set()
        await until(lambda: not len(store), what="the outbox is empty")
    assert broker.published == [*(f"event-{number}" for number in range(25)), "stuck"]


async def test_more_failures_than_a_batch_are_retried_after_their_leases(broker: Broker) -> None:
    store = MemoryOutbox()
    broker.down = True
    for number in range(35):
        await store.store(uploaded(number))
    async with relaying(quick(store, broker, lease_s=0.5)):
        await until(lambda: len(set(broker.attempts)) == 35, what="each is tried")
        broker.down = False
        await until(lambda: not len(store), what="the outbox is empty")
    assert set(broker.published) == {f"event-{number}" for number in range(35)}


async def test_a_failed_claim_is_retried(broker: Broker) -> None:
    store = FailingStore(claims=3)
    await store.store(uploaded())
    async with relaying(quick(store, broker)) as task:
        await until(lambda: not len(store), what="the outbox is empty")
        assert not task.done()


async def test_an_event_that_could_not_be_cleared_is_published_again(broker: Broker) -> None:
    store = FailingStore(clears=1)
    await store.store(uploaded())
    async with relaying(quick(store, broker, lease_s=0.1)):
        await until(lambda: not len(store), what="the outbox is empty")
    assert broker.published == ["event-0", "event-0"]


async def test_an_event_is_published_under_its_own_correlation_id(broker: Broker) -> None:
    store = MemoryOutbox()
    await store.store(uploaded())
    async with relaying(quick(store, broker)):
        await until(lambda: not len(store), what="the outbox is empty")
    assert broker.correlations == ["request-7"]


async def test_a_relay_ends_although_its_store_swallowed_the_cancellation() -> None:
    class Swallowing(MemoryOutbox):
        async def claim(self, limit: int, lease_s: float) -> Sequence[Pending]:
            with contextlib.suppress(asyncio.CancelledError):
                claiming.set()
                await asyncio.Event().wait()
            return []

    claiming = asyncio.Event()
    relay = OutboxRelay(Swallowing(), Broker())
    running = asyncio.create_task(relay.run())
    await claiming.wait()
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=60)
    assert done == {running}


class SlowToClear(MemoryOutbox):
    """Removes events once `go` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.clearing, self.go = asyncio.Event(), asyncio.Event()

    async def clear(self, pending: Sequence[Pending]) -> None:
        self.clearing.set()
        await self.go.wait()
        await super().clear(pending)


async def test_a_cancelled_relay_removes_what_it_has_published(broker: Broker) -> None:
    store = SlowToClear()
    await store.store(uploaded())
    relay = asyncio.create_task(quick(store, broker).run())
    await store.clearing.wait()
    relay.cancel()
    await asyncio.sleep(0)
    store.go.set()
    await asyncio.wait({relay})
    assert (relay.cancelled(), broker.published, len(store)) == (True, ["event-0"], 0)
