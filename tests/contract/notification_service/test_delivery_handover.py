"""MongoDeliveries after an expired claim: the record of its holder may still arrive."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from notification_service.webhooks.delivery import Delivery
from notification_service.webhooks.mongo_deliveries import MongoDeliveries
from notification_service.webhooks.ports import Lane
from shared.clock import utc_now
from shared.contracts.webhooks import Attempt
from shared.mongo import Database, connect
from shared.settings import Secret
from tests.support.wait import until
from tests.support.webhooks import delivery, endpoint

KEEP, LEASE, LAPSED = timedelta(days=30), timedelta(minutes=5), timedelta()
ATTEMPT = Attempt(at=utc_now(), status=204, duration=0.1, error=None)
ANN = endpoint()
LANE = Lane(ANN.owner_id, ANN.id)


@pytest.fixture
async def database(mongo_url: str) -> AsyncIterator[Database]:
    async with connect(Secret(mongo_url)) as client:
        yield client.get_default_database()


async def interrupted(deliveries: MongoDeliveries) -> Delivery:
    """A delivery whose claim has expired without a record."""
    await deliveries.add([delivery(ANN)])
    claimed = await deliveries.claim(LANE, LAPSED)
    assert claimed is not None
    return claimed


async def test_an_interrupted_delivery_is_not_claimed_before_its_record_could_arrive(
    database: Database,
) -> None:
    deliveries = MongoDeliveries(database, KEEP, LEASE)
    sent = await interrupted(deliveries)
    assert await deliveries.claim(LANE, LEASE) is None
    assert await deliveries.due_lanes() == []
    await deliveries.record_delivered(sent.id, ATTEMPT)
    [stored] = await deliveries.list_page(LANE, None, None, 10)
    assert (stored.status, stored.attempts[0].status, stored.tries) == ("delivered", 204, 1)


async def test_an_interrupted_delivery_without_a_record_is_claimed_in_the_end(database: Database) -> None:
    deliveries = MongoDeliveries(database, KEEP, timedelta(milliseconds=50))
    await interrupted(deliveries)
    assert await deliveries.claim(LANE, LEASE) is None
    claimed = await until(lambda: deliveries.claim(LANE, LEASE), what="the handover has ended")
    assert claimed.tries == 2


async def test_an_interrupted_delivery_waits_until_a_takeover_is_allowed(database: Database) -> None:
    deliveries = MongoDeliveries(database, KEEP, timedelta(milliseconds=1))
    await interrupted(deliveries)
    assert await deliveries.claim(LANE, LEASE) is None
    await until(deliveries.due_lanes, what="the handover has ended")
    assert await deliveries.claim(LANE, LEASE, takeover=False) is None
    assert await deliveries.claim(LANE, LEASE)


async def test_other_deliveries_of_the_lane_do_not_wait_for_the_interrupted_one(database: Database) -> None:
    deliveries = MongoDeliveries(database, KEEP, timedelta(milliseconds=1))
    await interrupted(deliveries)
    assert await deliveries.claim(LANE, LEASE) is None
    await deliveries.add([other := delivery(ANN, "event-2")])
    claimed = await deliveries.claim(LANE, LEASE, takeover=False)
    assert claimed is not None
    assert claimed.id == other.id


async def test_the_record_of_another_process_changes_no_delivered_message(database: Database) -> None:
    deliveries = MongoDeliveries(database, KEEP, LEASE)
    sent = await interrupted(deliveries)
    for _ in range(2):
        await deliveries.record_delivered(sent.id, ATTEMPT)
    [stored] = await deliveries.list_page(LANE, None, None, 10)
    assert len(stored.attempts) == 1
