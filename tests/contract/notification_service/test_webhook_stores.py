"""Contract suite of the Endpoints and Deliveries ports: in memory and in MongoDB."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from notification_service.webhooks.delivery import Delivery
from notification_service.webhooks.errors import TooManyWebhooks
from notification_service.webhooks.mongo_deliveries import MongoDeliveries, due_filter
from notification_service.webhooks.mongo_endpoints import MongoEndpoints
from notification_service.webhooks.ports import Deliveries, Endpoints, Lane
from notification_service.webhooks.retry_policy import Outcome
from shared.contracts.webhooks import Attempt, ChangeWebhook
from shared.mongo import connect
from shared.settings import Secret
from tests.support.in_memory.webhooks import MemoryDeliveries, MemoryEndpoints
from tests.support.webhooks import NOON, delivery, endpoint

LEASE = timedelta(minutes=1)
EXPIRED = timedelta(0)
KEEP = timedelta(days=36_500)
MOST = 3
AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FAILED = Attempt(at=AT, status=500, duration=0.1, error="refused")
TAKEN = Attempt(at=AT, status=204, duration=0.1, error=None)
LATER = Outcome(status="pending", wait=timedelta(hours=1))
AT_ONCE = Outcome(status="pending")
DELIVERED = Outcome(status="delivered")


@dataclass
class Stores:
    endpoints: Endpoints
    deliveries: Deliveries


@pytest.fixture(params=["memory", "mongo"])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    if request.param == "memory":
        yield Stores(MemoryEndpoints(), MemoryDeliveries())
        return
    url: str = request.getfixturevalue("mongo_url")
    async with connect(Secret(url)) as client:
        database = client.get_default_database()
        endpoints, deliveries = MongoEndpoints(database), MongoDeliveries(database, KEEP)
        await endpoints.prepare()
        await deliveries.prepare()
        yield Stores(endpoints, deliveries)


@pytest.fixture
def endpoints(stores: Stores) -> Endpoints:
    return stores.endpoints


@pytest.fixture
def deliveries(stores: Stores) -> Deliveries:
    return stores.deliveries


def lane(of: Delivery) -> Lane:
    return Lane(of.owner_id, of.endpoint_id)


async def claimed(deliveries: Deliveries, of: Delivery, lease: timedelta = LEASE) -> Delivery:
    found = await deliveries.claim(lane(of), lease)
    assert found is not None
    return found


async def read(deliveries: Deliveries, of: Delivery) -> Delivery:
    return next(each for each in await deliveries.list_page(lane(of), None, None, 100) if each.id == of.id)


async def test_a_webhook_is_read_as_it_was_stored(endpoints: Endpoints) -> None:
    made = endpoint(events=("conversion.failed",))
    await endpoints.add(made, MOST)
    assert await endpoints.get(made.id) == made
    assert await endpoints.get("another") is None


async def test_webhooks_of_an_owner_are_listed_newest_first(
    endpoints: Endpoints,
) -> None:
    old, new = endpoint(), endpoint(created_at=NOON + timedelta(seconds=1))
    for each in (old, new, endpoint("bob")):
        await endpoints.add(each, MOST)
    assert await endpoints.list_by_owner("ann") == [new, old]


async def test_the_limit_per_account_holds_under_concurrent_calls(endpoints: Endpoints) -> None:
    outcomes = await asyncio.gather(
        *(endpoints.add(endpoint(), MOST) for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(each, TooManyWebhooks) for each in outcomes) == 10 - MOST
    assert len(await endpoints.list_by_owner("ann")) == MOST
    await endpoints.delete("ann", (await endpoints.list_by_owner("ann"))[0].id)
    await endpoints.add(endpoint(), MOST)
    await endpoints.add(endpoint("bob"), MOST)


async def test_only_its_owner_changes_or_removes_a_webhook(endpoints: Endpoints) -> None:
    made = endpoint()
    await endpoints.add(made, MOST)
    assert await endpoints.update("bob", made.id, ChangeWebhook(url="https://evil.example"), NOON) is None
    assert await endpoints.rotate_secret("bob", made.id, "new", NOON) is None
    assert not await endpoints.delete("bob", made.id)
    assert await endpoints.get(made.id) == made
    assert await endpoints.delete("ann", made.id)
    assert not await endpoints.delete("ann", made.id)


async def test_an_update_changes_only_the_given_fields(endpoints: Endpoints) -> None:
    made = endpoint()
    await endpoints.add(made, MOST)
    url = "https://example.com/$secret"  # must not be read as a database expression
    changed = await endpoints.update("ann", made.id, ChangeWebhook(url=url), NOON, session_id="key")
    made = replace(made, session_id="key")
    assert changed == replace(made, url=url)
    changed = await endpoints.update("ann", made.id, ChangeWebhook(events=["conversion.failed"]), NOON)
    assert changed == replace(made, url=url, events=("conversion.failed",))


async def test_a_webhook_is_disabled_once_and_enabling_clears_its_failures(endpoints: Endpoints) -> None:
    made = endpoint()
    await endpoints.add(made, MOST)
    await endpoints.mark_failing(made.id, NOON)
    assert await endpoints.disable(made.id, "gone", NOON)
    assert not await endpoints.disable(made.id, "failing", NOON)
    asked = ChangeWebhook(status="disabled")
    changed = await endpoints.update("ann", made.id, asked, NOON + timedelta(days=1))
    assert changed == replace(made, disabled_reason="gone", disabled_at=NOON, failing_since=NOON)
    assert await endpoints.update("ann", made.id, ChangeWebhook(status="enabled"), NOON) == made
    changed = await endpoints.update("ann", made.id, asked, NOON)
    assert changed == replace(made, disabled_reason="asked", disabled_at=NOON)


async def test_a_webhook_with_a_success_since_then_is_not_disabled_for_failing(endpoints: Endpoints) -> None:
    made = endpoint()
    await endpoints.add(made, MOST)
    assert not await endpoints.disable(made.id, "failing", NOON, NOON)
    await endpoints.mark_failing(made.id, NOON + timedelta(seconds=2))
    await endpoints.mark_failing(made.id, NOON + timedelta(seconds=1))
    await endpoints.mark_failing(made.id, NOON + timedelta(seconds=3))
    found = await endpoints.get(made.id)
    assert found
    assert found.failing_since == NOON + timedelta(seconds=1)
    assert not await endpoints.disable(made.id, "failing", NOON, NOON)
    await endpoints.clear_failing(made.id)
    assert await endpoints.get(made.id) == made
    await endpoints.mark_failing(made.id, NOON)
    assert await endpoints.disable(made.id, "failing", NOON, NOON)


async def test_a_rotated_secret_keeps_the_previous_one(endpoints: Endpoints) -> None:
    made = endpoint(secret="first")
    await endpoints.add(made, MOST)
    changed = await endpoints.rotate_secret("ann", made.id, "$second", NOON)
    assert changed == replace(made, secret="$second", old_secret="first", old_secret_until=NOON)


async def test_deleting_an_owner_leaves_nothing(stores: Stores) -> None:
    anns, bobs = endpoint("ann"), endpoint("bob")
    for each in (anns, bobs):
        await stores.endpoints.add(each, MOST)
        await stores.deliveries.add([delivery(each)])
    await stores.endpoints.delete_by_owner("ann")
    await stores.deliveries.delete_by_owner("ann")
    assert await stores.endpoints.list_by_owner("ann") == []
    assert await stores.deliveries.due_lanes() == [Lane("bob", bobs.id)]
    assert await stores.endpoints.list_by_owner("bob") == [bobs]


async def test_a_delivery_is_stored_once(deliveries: Deliveries) -> None:
    to = endpoint()
    await deliveries.add([delivery(to)])
    await deliveries.complete(await claimed(deliveries, delivery(to)), TAKEN, DELIVERED)
    await deliveries.add([delivery(to), delivery(to, "event-2")])
    page = await deliveries.list_page(Lane("ann", to.id), None, None, 10)
    assert sorted(each.status for each in page) == ["delivered", "pending"]
    await deliveries.add([])


async def test_a_delivery_has_one_claim_until_its_lease_expires(deliveries: Deliveries) -> None:
    made = delivery(endpoint())
    await deliveries.add([made])
    claims = await asyncio.gather(*(deliveries.claim(lane(made), LEASE) for _ in range(10)))
    (mine,) = [each for each in claims if each]
    assert (mine.id, mine.tries, mine.payload) == (made.id, 1, made.payload)
    assert await deliveries.due_lanes() == []


async def test_an_expired_claim_can_be_claimed_again_and_counts_a_try(deliveries: Deliveries) -> None:
    made = delivery(endpoint())
    await deliveries.add([made])
    first = await claimed(deliveries, made, EXPIRED)
    second = await claimed(deliveries, made)
    assert (first.tries, second.tries) == (1, 2)
    assert not await deliveries.complete(first, FAILED, LATER)
    assert (await read(deliveries, made)).attempts == ()
    assert await deliveries.complete(second, FAILED, LATER)
    assert (await read(deliveries, made)).attempts == (FAILED,)


async def test_delivered_is_recorded_even_after_the_lease_expired(deliveries: Deliveries) -> None:
    made = delivery(endpoint())
    await deliveries.add([made])
    first = await claimed(deliveries, made, EXPIRED)
    second = await claimed(deliveries, made)
    assert await deliveries.complete(first, TAKEN, DELIVERED)
    assert not await deliveries.complete(second, FAILED, LATER)
    found = await read(deliveries, made)
    assert (found.status, found.attempts) == ("delivered", (TAKEN,))
    assert found.delivered_at


async def test_lanes_are_independent_and_the_oldest_delivery_comes_first(deliveries: Deliveries) -> None:
    one, other = endpoint(), endpoint("bob")
    old = delivery(one, "old", now=NOON - timedelta(seconds=9))
    await deliveries.add([delivery(one, "new"), old, delivery(other)])
    assert sorted(await deliveries.due_lanes()) == sorted([Lane("ann", one.id), Lane("bob", other.id)])
    assert (await claimed(deliveries, old)).id == old.id


async def test_a_postponed_delivery_is_not_due(deliveries: Deliveries) -> None:
    made = delivery(endpoint())
    await deliveries.add([made])
    await deliveries.complete(await claimed(deliveries, made), FAILED, LATER)
    assert await deliveries.due_lanes() == []
    assert await deliveries.claim(lane(made), LEASE) is None
    found = await read(deliveries, made)
    assert (found.status, found.begun_at) == ("pending", AT)


async def test_only_the_latest_attempts_are_kept(deliveries: Deliveries) -> None:
    made = delivery(endpoint())
    await deliveries.add([made])
    for number in range(25):
        told = Attempt(at=AT, status=500 + number, duration=0.1, error="refused")
        await deliveries.complete(await claimed(deliveries, made), told, AT_ONCE)
    statuses = [each.status for each in (await read(deliveries, made)).attempts]
    assert statuses == list(range(505, 525))


async def test_a_replay_resets_the_tries_and_keeps_the_attempts(deliveries: Deliveries) -> None:
    made = delivery(endpoint())
    await deliveries.add([made])
    await deliveries.complete(await claimed(deliveries, made), FAILED, Outcome(status="failed"))
    assert await deliveries.due_lanes() == []
    assert await deliveries.replay(Lane("bob", made.endpoint_id), made.id) is None
    assert await deliveries.replay(Lane("ann", "another"), made.id) is None
    again = await deliveries.replay(lane(made), made.id)
    assert again
    assert (again.status, again.tries, again.begun_at, again.attempts) == ("pending", 0, None, (FAILED,))
    assert (await claimed(deliveries, made)).id == made.id


async def test_a_claimed_delivery_is_not_replayed(deliveries: Deliveries) -> None:
    made = delivery(endpoint())
    await deliveries.add([made])
    mine = await claimed(deliveries, made)
    assert await deliveries.replay(lane(made), made.id) is not None
    assert await deliveries.due_lanes() == []
    assert await deliveries.complete(mine, TAKEN, DELIVERED)


async def test_a_delivery_created_by_a_clock_that_is_ahead_is_due_at_once(deliveries: Deliveries) -> None:
    early = delivery(endpoint(), now=datetime.now(UTC) + timedelta(hours=1))
    await deliveries.add([early])
    assert await deliveries.due_lanes() == [lane(early)]
    assert (await claimed(deliveries, early)).id == early.id


async def test_deliveries_are_paged_newest_first_and_filtered_by_status(deliveries: Deliveries) -> None:
    to = endpoint()
    made = [delivery(to, f"event-{n}", now=NOON + timedelta(seconds=n)) for n in range(5)]
    await deliveries.add([*made, delivery(endpoint())])
    await deliveries.complete(await claimed(deliveries, made[0]), TAKEN, DELIVERED)
    mine = Lane("ann", to.id)
    first = await deliveries.list_page(mine, None, None, 2)
    assert [each.id for each in first] == [made[4].id, made[3].id]
    second = await deliveries.list_page(mine, None, first[-1].order, 10)
    assert [each.id for each in second] == [made[2].id, made[1].id, made[0].id]
    assert [each.id for each in await deliveries.list_page(mine, "delivered", None, 10)] == [made[0].id]
    await deliveries.delete_lane(mine)
    assert await deliveries.list_page(mine, None, None, 10) == []


async def test_many_deliveries_in_a_lane_do_not_slow_due_lanes(mongo_url: str) -> None:
    """The query plan skips from lane to lane in the index."""
    async with connect(Secret(mongo_url)) as client:
        database = client.get_default_database()
        deliveries = MongoDeliveries(database, KEEP)
        await deliveries.prepare()
        to = endpoint()
        await deliveries.add([delivery(to, f"event-{n}") for n in range(300)])
        await deliveries.add([delivery(endpoint("bob"))])
        asked = {"distinct": "webhook_deliveries", "key": "lane", "query": due_filter(datetime.now(UTC))}
        explained = await database.command("explain", asked, verbosity="executionStats")
    assert explained["executionStats"]["totalKeysExamined"] < 20
