"""What becomes of webhooks when an account gets to whom its address belongs."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from notification_service.webhooks.account_deletion import REPEAT_AFTER, AccountDeletion
from notification_service.webhooks.delivery import new_delivery
from notification_service.webhooks.endpoint import Endpoint
from notification_service.webhooks.handlers import account_handlers
from notification_service.webhooks.payloads import TEST_TYPE
from shared.contracts.events import AccountClaimed
from shared.messaging.envelope import wrap
from shared.messaging.errors import Retry
from shared.messaging.handlers import Delivery
from tests.support.memory_webhooks import MemoryDeliveries, MemoryEndpoints
from tests.support.webhooks import NOON, endpoint

SECOND = timedelta(seconds=1)
CLAIMED = AccountClaimed(user_id="ann", claimed_at=NOON, ended=("thief",))


async def kept(*made: Endpoint, age: timedelta = REPEAT_AFTER) -> tuple[set[str], set[str]]:
    """Ids of the webhooks that are left, and of those with messages left, when it is told so late."""
    endpoints, deliveries = MemoryEndpoints(), MemoryDeliveries()
    for each in made:
        await endpoints.add(each, len(made))
        await deliveries.add([new_delivery(each, TEST_TYPE, "{}", now=NOON)])
    deletion = AccountDeletion(endpoints, deliveries, lambda: NOON + age)
    envelope = wrap(CLAIMED, "/auth_service", "ann", time=NOON)
    try:
        await account_handlers(deletion).handle(CLAIMED, Delivery(envelope=envelope))
    finally:
        left = {each.endpoint_id for each in deliveries.all.values()}
    return set(endpoints.all), left


async def test_webhooks_from_before_are_removed_with_their_messages() -> None:
    before = replace(endpoint(), id="old", owner_id="ann", created_at=NOON - SECOND)
    after = replace(before, id="new", created_at=NOON + SECOND, session_id="ann's own")
    others = replace(before, id="bob's", owner_id="bob")
    assert await kept(before, after, others) == ({"new", "bob's"}, {"new", "bob's"})


async def test_one_made_since_then_with_what_had_been_issued_before_is_removed() -> None:
    late = replace(endpoint(), id="late", owner_id="ann", created_at=NOON + SECOND, session_id="thief")
    assert await kept(late) == (set(), set())


async def test_for_a_minute_it_is_looked_at_once_more() -> None:
    with pytest.raises(Retry):
        await kept(age=SECOND)
