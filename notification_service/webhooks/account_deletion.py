"""Removal of webhooks when their account is deleted, recovered, or claimed by its address's owner, or when
the API key is deleted that has chosen their URL.
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from notification_service.retry import redeliver_when_unavailable
from notification_service.webhooks.endpoint import Endpoint
from notification_service.webhooks.ports import Deliveries, Endpoints, Lane
from shared.contracts.events import AccountClaimed, AccountDeleted, AccountRecovered, SessionRevoked
from shared.messaging.errors import Retry
from shared.messaging.handlers import Delivery

# A request that was authorised before the event may still create a webhook for this long.
REPEAT_AFTER = timedelta(minutes=1)


class AccountDeletion:
    """Removes webhooks and their deliveries twice: at the event, and again after REPEAT_AFTER.

    All methods raise Retry for the repetition, and while the store is unavailable.
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
        await self._delete_earlier(event.user_id, event.claimed_at, event.ended)
        self._repeat_later(delivery)

    async def recover_account(self, event: AccountRecovered, delivery: Delivery) -> None:
        """Removes webhooks created before the reset, or with a session or API key that it ended."""
        await self._delete_earlier(event.user_id, event.recovered_at, event.ended)
        self._repeat_later(delivery)

    async def end_key(self, event: SessionRevoked, delivery: Delivery) -> None:
        """Removes webhooks whose URL a deleted API key has chosen; those of a session outlive it."""
        if not event.key_deleted:
            return
        await self._delete(event.user_id, lambda each: each.session_id == event.session_id)
        self._repeat_later(delivery)

    async def _delete_earlier(self, owner_id: str, moment: datetime, ended: Collection[str]) -> None:
        await self._delete(owner_id, lambda each: each.created_at <= moment or each.session_id in ended)

    async def _delete(self, owner_id: str, is_to_end: Callable[[Endpoint], bool]) -> None:
        with redeliver_when_unavailable():
            for each in await self._endpoints.list_by_owner(owner_id):
                if is_to_end(each):
                    await self._endpoints.delete(owner_id, each.id)
                    await self._deliveries.delete_lane(Lane(owner_id, each.id))

    def _repeat_later(self, delivery: Delivery) -> None:
        left = delivery.envelope.time + REPEAT_AFTER - self._now()
        if left > timedelta():
            raise Retry(left.total_seconds() + 1, "repeats once for concurrent requests", counts=False)
