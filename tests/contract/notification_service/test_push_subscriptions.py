"""Contract suite of the Subscriptions port: in memory and in MongoDB."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from notification_service.push.mongo_subscriptions import MongoSubscriptions
from notification_service.push.ports import Subscriptions
from notification_service.push.subscription import Subscription
from shared.clock import utc_now
from shared.mongo import connect
from shared.settings import Secret
from tests.support.in_memory.push import MemorySubscriptions

# The store forgets older ones.
LATELY = utc_now().replace(microsecond=0)
ONE = Subscription(
    id="push_1",
    owner_id="ann",
    session_id="s1",
    endpoint="https://push.example.com/1",
    p256dh="point",
    auth="secret",
    created_at=LATELY,
)


@pytest.fixture(params=["memory", "mongo"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Subscriptions]:
    if request.param == "memory":
        yield MemorySubscriptions()
        return
    async with connect(Secret(request.getfixturevalue("mongo_url"))) as client:
        subscriptions = MongoSubscriptions(client.get_default_database())
        await subscriptions.prepare()
        yield subscriptions


async def put(store: Subscriptions, number: int = 1, **changes: Any) -> Subscription:
    given = {"id": f"push_{number}", "created_at": LATELY + timedelta(minutes=number), **changes}
    made = replace(ONE, **given)
    await store.put(made, 3)
    return made


async def ids(store: Subscriptions, owner: str = "ann") -> list[str]:
    return [each.id for each in await store.list_by_owner(owner)]


async def test_a_subscription_is_read_back_unchanged_and_listed_newest_first(store: Subscriptions) -> None:
    made = [await put(store, number) for number in (1, 2)]
    await put(store, 3, owner_id="bob")
    assert await store.get("push_1") == made[0]
    assert await store.get("push_9") is None
    assert list(await store.list_by_owner("ann")) == made[::-1]


async def test_the_next_account_in_the_same_browser_takes_its_subscription_over(store: Subscriptions) -> None:
    await put(store)
    await put(store, owner_id="bob", session_id="s2")
    assert (await ids(store), await ids(store, "bob")) == ([], ["push_1"])


async def test_above_the_limit_the_oldest_go(store: Subscriptions) -> None:
    for number in range(1, 6):
        await put(store, number)
    assert await ids(store) == ["push_5", "push_4", "push_3"]


async def test_only_its_owner_deletes_a_subscription(store: Subscriptions) -> None:
    await put(store)
    assert not await store.delete("bob", "push_1")
    assert await store.delete("ann", "push_1")
    assert not await store.delete("ann", "push_1")


async def test_a_session_ends_with_its_subscriptions_only(store: Subscriptions) -> None:
    await put(store, 1, session_id="s1")
    await put(store, 2, session_id="s2")
    await put(store, 3, session_id="s1", owner_id="bob")
    await store.delete_by_session("ann", {"s1", "s9"})
    assert (await ids(store), await ids(store, "bob")) == (["push_2"], ["push_3"])


async def test_those_of_an_account_are_deleted_all_or_until_a_moment(store: Subscriptions) -> None:
    for number in (1, 2):
        await put(store, number)
    await put(store, 3, owner_id="bob")
    await store.delete_by_owner("ann", LATELY + timedelta(minutes=1))
    assert await ids(store) == ["push_2"]
    await store.delete_by_owner("ann")
    assert (await ids(store), await ids(store, "bob")) == ([], ["push_3"])
