"""Removal of webhooks when an account is claimed by the owner of its address, and with a deleted API key."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from notification_service.account_ends import account_handlers
from notification_service.push.session_end import SubscriptionEnd
from notification_service.webhooks.account_deletion import REPEAT_AFTER, AccountDeletion
from notification_service.webhooks.delivery import new_delivery
from notification_service.webhooks.endpoint import Endpoint
from notification_service.webhooks.payloads import TEST_TYPE
from shared.contracts.events import AccountClaimed, AccountRecovered, SessionRevoked
from shared.messaging.envelope import wrap
from shared.messaging.errors import Retry
from shared.messaging.handlers import Delivery
from tests.support.in_memory.push import MemorySubscriptions
from tests.support.in_memory.webhooks import MemoryDeliveries, MemoryEndpoints
from tests.support.webhooks import NOON, endpoint

SECOND = timedelta(seconds=1)
CLAIMED = AccountClaimed(user_id="ann", claimed_at=NOON, ended=("thief",))
KEY_DELETED = SessionRevoked(session_id="key", user_id="ann", key_deleted=True)
RECOVERED = AccountRecovered(user_id="ann", recovered_at=NOON, ended=("thief",))


async def remaining(
    *made: Endpoint,
    age: timedelta = REPEAT_AFTER,
    event: AccountClaimed | AccountRecovered | SessionRevoked = CLAIMED,
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


async def test_the_webhooks_of_a_deleted_key_are_removed_and_no_others() -> None:
    of_key = replace(endpoint(), id="key's", owner_id="ann", session_id="key")
    of_session = replace(of_key, id="session's", session_id="ann's own")
    others = replace(of_key, id="bob's", owner_id="bob")
    left = {"session's", "bob's"}
    assert await remaining(of_key, of_session, others, event=KEY_DELETED) == (left, left)


async def test_a_logout_and_a_disabled_account_leave_webhooks() -> None:
    """Keys of a disabled account are refused, and good again once it is enabled."""
    made = replace(endpoint(), id="made", owner_id="ann", session_id="key")
    assert await remaining(made, event=replace(KEY_DELETED, key_deleted=False)) == ({"made"}, {"made"})


@pytest.mark.parametrize("event", [CLAIMED, KEY_DELETED])
async def test_the_removal_is_repeated_after_a_minute(event: AccountClaimed | SessionRevoked) -> None:
    with pytest.raises(Retry):
        await remaining(age=SECOND, event=event)
