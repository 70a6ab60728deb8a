"""Removal of webhooks when an account is claimed by the owner of its address."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from notification_service.account_ends import account_handlers
from notification_service.push.session_end import SubscriptionEnd
from notification_service.webhooks.account_deletion import REPEAT_AFTER, AccountDeletion
from notification_service.webhooks.delivery import new_delivery
from notification_service.webhooks.endpoint import Endpoint
from notification_service.webhooks.payloads import TEST_TYPE
from shared.contracts.events import AccountClaimed, AccountRecovered
from shared.messaging.envelope import wrap
from shared.messaging.errors import Retry
from shared.messaging.handlers import Delivery
from tests.support.in_memory.push import MemorySubscriptions
from tests.support.in_memory.webhooks import MemoryDeliveries, MemoryEndpoints
from tests.support.webhooks import NOON, endpoint

SECOND = timedelta(seconds=1)
CLAIMED = AccountClaimed(user_id="ann", claimed_at=NOON, ended=("thief",))
RECOVERED = AccountRecovered(user_id="ann", recovered_at=NOON, ended=("thief",))


async def remaining(
    *made: Endpoint, age: timedelta = REPEAT_AFTER, event: AccountClaimed | AccountRecovered = CLAIMED
) -> tuple[set[str], set[str]]:
    """Returns the ids of the remaining webhooks and of those with deliveries, `age` after the event."""
    endpoints, deliveries = MemoryEndpoints(), MemoryDeliveries()
    for each in made:
        await endpoints.add(each, len(made))
        await deliveries.add([new_delivery(each, TEST_TYPE, "{}", now=NOON)])
    deletion = AccountDeletion(endpoints, deliveries, lambda: NOON + age)
    envelope = wrap(event, "/auth_service", "ann", time=NOON)
    try:
        handlers = account_handlers(deletion, SubscriptionEnd(MemorySubscriptions()))
        await handlers.handle(event, Delivery(envelope=envelope))
    finally:
        left = {each.endpoint_id for each in deliveries.all.values()}
    return set(endpoints.all), left


async def test_webhooks_from_before_the_claim_are_removed_with_their_deliveries() -> None:
    before = replace(endpoint(), id="old", owner_id="ann", created_at=NOON - SECOND)
    after = replace(before, id="new", created_at=NOON + SECOND, session_id="ann's own")
    others = replace(before, id="bob's", owner_id="bob")
    for event in (CLAIMED, RECOVERED):
        assert await remaining(before, after, others, event=event) == ({"new", "bob's"}, {"new", "bob's"})


async def test_a_later_webhook_of_an_ended_session_is_removed() -> None:
    late = replace(endpoint(), id="late", owner_id="ann", created_at=NOON + SECOND, session_id="thief")
    for event in (CLAIMED, RECOVERED):
        assert await remaining(late, event=event) == (set(), set())


async def test_the_removal_is_repeated_after_a_minute() -> None:
    with pytest.raises(Retry):
        await remaining(age=SECOND)
