"""Removal of webhooks when their account is deleted or claimed by the owner of its address."""

from collections.abc import Callable
from datetime import datetime, timedelta

from notification_service.retry import redeliver_when_unavailable
from notification_service.webhooks.ports import Deliveries, Endpoints, Lane
from shared.contracts.events import AccountClaimed, AccountDeleted
from shared.messaging.errors import Retry
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.subscriptions import NOTIFICATION_ACCOUNTS

# A request that was authorised before the event may still create a webhook for this long.
REPEAT_AFTER = timedelta(minutes=1)


class AccountDeletion:
    """Removes webhooks and their deliveries twice: at the event, and again after REPEAT_AFTER.

    Both methods raise Retry for the repetition, and while the store is unavailable.
    """

    def __init__(self, endpoints: Endpoints, deliveries: Deliveries, now: Callable[[], datetime]) -> None:
        self._endpoints, self._deliveries, self._now = endpoints, deliveries, now

    async def delete_account(self, event: AccountDeleted, delivery: Delivery) -> None:
        """Removes all webhooks of the account."""
        with redeliver_when_unavailable():
            await self._endpoints.delete_by_owner(event.user_id)
            await self._deliveries.delete_by_owner(event.user_id)
        self._repeat_later(delivery)

    async def claim_account(self, event: AccountClaimed, delivery: Delivery) -> None:
        """Removes webhooks created before the claim, or with a session or API key that the claim ended."""
        with redeliver_when_unavailable():
            for each in await self._endpoints.list_by_owner(event.user_id):
                if each.created_at <= event.claimed_at or each.session_id in event.ended:
                    await self._endpoints.delete(event.user_id, each.id)
                    await self._deliveries.delete_lane(Lane(event.user_id, each.id))
        self._repeat_later(delivery)

    def _repeat_later(self, delivery: Delivery) -> None:
        left = delivery.envelope.time + REPEAT_AFTER - self._now()
        if left > timedelta():
            raise Retry(left.total_seconds() + 1, "repeats once for concurrent requests", counts=False)


def account_handlers(deletion: AccountDeletion) -> Handlers:
    """Maps the events about accounts to the removal of webhooks."""
    return Handlers(
        {AccountDeleted: deletion.delete_account, AccountClaimed: deletion.claim_account},
        expected=NOTIFICATION_ACCOUNTS.events,
    )
