"""Removal of subscriptions with the session in which they were made, or with their account."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from notification_service.push.ports import Subscriptions
from notification_service.retry import redeliver_when_unavailable
from shared.contracts.events import AccountDeleted, SessionRevoked


@dataclass(frozen=True)
class SubscriptionEnd:
    """All methods raise Retry while the store is unavailable.

    Messages that wait for a subscription find none and are deleted.
    """

    subscriptions: Subscriptions

    async def end_session(self, event: SessionRevoked) -> None:
        """A browser in which its user has signed out gets no more messages."""
        with redeliver_when_unavailable():
            await self.subscriptions.delete_by_session(event.user_id, {event.session_id})

    async def delete_account(self, event: AccountDeleted) -> None:
        with redeliver_when_unavailable():
            await self.subscriptions.delete_by_owner(event.user_id)

    async def delete_earlier(self, owner_id: str, moment: datetime, ended: Collection[str]) -> None:
        """Deletes those made until `moment` or in the sessions `ended`, perhaps by another than the owner."""
        with redeliver_when_unavailable():
            await self.subscriptions.delete_by_owner(owner_id, moment)
            await self.subscriptions.delete_by_session(owner_id, ended)
