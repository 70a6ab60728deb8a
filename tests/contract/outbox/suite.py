"""Contract tests of an OutboxStore. A subclass provides the store by a fixture:

class TestSqlOutbox(OutboxSuite):
    @pytest.fixture
    def rig(self, …) -> OutboxRig:
        return SqlRig(…)
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from shared.clock import utc_now
from shared.contracts.events import VideoUploaded
from shared.messaging.envelope import Envelope, wrap
from shared.messaging.outbox import Backlog, OutboxStore, Pending
from tests.support.wait import until

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LEASE_S = 60.0
SHORT_LEASE_S = 0.2


class OutboxRig(Protocol):
    async def store(self, envelope: Envelope) -> None:
        """Stores an event as a service does, in a committed transaction."""

    def opened(self) -> OutboxStore:
        """A store as another process opens it."""


def envelope(number: int) -> Envelope:
    return wrap(
        VideoUploaded(conversion_id=f"c{number}"),
        "/test",
        f"c{number}",
        f"event-{number}",
        time=NOON + timedelta(seconds=number),
        correlation=f"request-{number}",
    )


def ids(pending: Sequence[Pending]) -> list[str]:
    return [each.envelope.id for each in pending]


class OutboxSuite:
    async def test_an_empty_outbox_has_nothing_to_claim(self, rig: OutboxRig) -> None:
        assert list(await rig.opened().claim(10, LEASE_S)) == []

    async def test_a_claimed_event_equals_the_stored_one(self, rig: OutboxRig) -> None:
        await rig.store(envelope(1))
        [pending] = await rig.opened().claim(10, LEASE_S)
        assert pending.envelope == envelope(1)

    async def test_the_oldest_events_are_claimed_first_up_to_the_limit(self, rig: OutboxRig) -> None:
        for number in range(5):
            await rig.store(envelope(number))
        store = rig.opened()
        assert ids(await store.claim(3, LEASE_S)) == ["event-0", "event-1", "event-2"]
        assert ids(await store.claim(3, LEASE_S)) == ["event-3", "event-4"]

    async def test_a_claimed_event_is_not_claimed_by_others(self, rig: OutboxRig) -> None:
        await rig.store(envelope(1))
        await rig.opened().claim(10, LEASE_S)
        assert list(await rig.opened().claim(10, LEASE_S)) == []

    async def test_concurrent_claims_never_return_the_same_event(self, rig: OutboxRig) -> None:
        for number in range(20):
            await rig.store(envelope(number))
        stores = [rig.opened() for _ in range(4)]
        claims = await asyncio.gather(*(store.claim(5, LEASE_S) for store in stores * 4))
        claimed = [each for claim in claims for each in ids(claim)]
        assert len(claimed) == len(set(claimed))
        claimed += ids(await stores[0].claim(20, LEASE_S))
        assert sorted(claimed) == sorted(f"event-{number}" for number in range(20))

    async def test_a_cleared_event_is_never_claimed_again(self, rig: OutboxRig) -> None:
        await rig.store(envelope(1))
        await rig.store(envelope(2))
        store = rig.opened()
        # On a slow machine a short lease may lapse within the call, which then returns an event twice.
        claimed = {each.envelope.id: each for each in await store.claim(10, SHORT_LEASE_S)}
        await store.clear([claimed["event-1"]])
        await self._claimed_again(store, "event-2")
        await store.clear([claimed["event-2"]])
        assert list(await store.claim(10, LEASE_S)) == []

    async def test_clearing_is_idempotent(self, rig: OutboxRig) -> None:
        await rig.store(envelope(1))
        store = rig.opened()
        claimed = await store.claim(10, LEASE_S)
        await store.clear(claimed)
        await rig.opened().clear(claimed)
        await store.clear([])

    async def test_a_lapsed_lease_can_be_claimed_by_another(self, rig: OutboxRig) -> None:
        await rig.store(envelope(1))
        await rig.opened().claim(10, SHORT_LEASE_S)
        await self._claimed_again(rig.opened(), "event-1")

    async def test_an_expired_lease_does_not_prevent_clearing(self, rig: OutboxRig) -> None:
        await rig.store(envelope(1))
        slow = rig.opened()
        claimed = await slow.claim(10, SHORT_LEASE_S)
        await self._claimed_again(rig.opened(), "event-1")
        await slow.clear(claimed)
        assert list(await rig.opened().claim(10, 0)) == []

    async def test_an_empty_outbox_has_no_backlog(self, rig: OutboxRig) -> None:
        assert await rig.opened().backlog() == Backlog()

    async def test_the_backlog_counts_claimed_events_until_they_are_cleared(self, rig: OutboxRig) -> None:
        await rig.store(envelope(1))
        await rig.store(envelope(2))
        store = rig.opened()
        claimed = await store.claim(1, LEASE_S)
        assert (await store.backlog()).events == 2
        await store.clear(claimed)
        assert (await store.backlog()).events == 1
        await store.clear(await store.claim(1, LEASE_S))
        assert await store.backlog() == Backlog()

    async def test_the_backlog_has_the_time_of_the_oldest_event(self, rig: OutboxRig) -> None:
        await rig.store(envelope(1))
        first = (await rig.opened().backlog()).oldest_at
        await rig.store(envelope(2))
        assert (await rig.opened().backlog()).oldest_at == first
        assert first is not None
        assert NOON <= first <= utc_now()

    async def _claimed_again(self, store: OutboxStore, id_: str) -> None:
        async def found() -> set[str]:
            return set(ids(await store.claim(10, SHORT_LEASE_S)))

        claimed: set[str] = await until(found, what=f"{id_} can be claimed again")
        assert claimed == {id_}
