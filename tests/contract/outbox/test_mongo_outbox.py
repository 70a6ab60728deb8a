"""Contract tests of the outbox in conversion documents (MongoDB)."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from converter_service.storage.conversions import MongoConversions
from converter_service.storage.outbox import MongoOutbox
from shared.clock import utc_now
from shared.messaging.envelope import Envelope
from shared.messaging.outbox import OutboxStore
from shared.mongo import Client, connect, database_of
from shared.settings import Secret
from tests.contract.outbox.suite import LEASE_S, OutboxRig, OutboxSuite, envelope, ids
from tests.support.conversions import queued


class MongoRig:
    """Stores each event in a separate conversion."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._conversions = MongoConversions(database_of(client), utc_now)
        self._stored = 0

    async def store(self, envelope: Envelope) -> None:
        self._stored += 1
        await self._conversions.add(queued(self._stored))
        await self._conversions.save(queued(self._stored), envelope)

    async def store_together(self, *envelopes: Envelope) -> None:
        await self._conversions.add(queued())
        await self._conversions.save(queued(), *envelopes)

    def opened(self) -> OutboxStore:
        return MongoOutbox(database_of(self._client))


@pytest.fixture
async def mongo_rig(mongo_url: str) -> AsyncIterator[MongoRig]:
    async with connect(Secret(mongo_url)) as client:
        await MongoConversions(database_of(client), utc_now).prepare()
        yield MongoRig(client)


class TestMongoOutbox(OutboxSuite):
    @pytest.fixture
    def rig(self, mongo_rig: MongoRig) -> OutboxRig:
        return mongo_rig

    async def test_several_events_of_one_conversion_are_cleared_one_by_one(self, mongo_rig: MongoRig) -> None:
        await mongo_rig.store_together(envelope(1), envelope(2))
        store = mongo_rig.opened()
        first, second = await store.claim(10, LEASE_S)
        await store.clear([first])
        await store.clear([second])
        assert ids(await store.claim(10, LEASE_S)) == []

    async def test_an_event_stored_while_others_are_held_can_be_claimed_at_once(
        self, mongo_rig: MongoRig
    ) -> None:
        await mongo_rig.store_together(envelope(1))
        store = mongo_rig.opened()
        assert ids(await store.claim(10, LEASE_S)) == ["event-1"]
        conversions = MongoConversions(database_of(mongo_rig._client), utc_now)
        newest = await conversions.get(queued().id)
        assert newest is not None
        await conversions.save(newest, envelope(2))
        assert ids(await store.claim(10, LEASE_S)) == ["event-2"]

    async def test_an_event_of_a_process_whose_clock_is_an_hour_ahead_can_be_claimed_at_once(
        self, mongo_rig: MongoRig
    ) -> None:
        ahead = MongoConversions(database_of(mongo_rig._client), lambda: utc_now() + timedelta(hours=1))
        await ahead.add(queued())
        await ahead.save(queued(), envelope(1))
        assert ids(await mongo_rig.opened().claim(10, LEASE_S)) == ["event-1"]
