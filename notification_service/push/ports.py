"""Port of the store of push subscriptions. The docstrings are the contract."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from notification_service.push.subscription import Subscription


class Subscriptions(Protocol):
    """Subscriptions that expire two weeks after they were put.

    All calls raise Unavailable while the store cannot be reached.
    """

    async def put(self, subscription: Subscription, limit: int) -> None:
        """Stores a subscription, in place of an earlier one of the same browser, also of another account. Of
        more than `limit` of an account the oldest are deleted.
        """

    async def get(self, subscription_id: str) -> Subscription | None:
        """The subscription of any owner."""

    async def list_by_owner(self, owner_id: str) -> Sequence[Subscription]:
        """Newest first."""

    async def delete(self, owner_id: str, subscription_id: str) -> bool:
        """Returns True if the owner had it."""

    async def delete_by_session(self, owner_id: str, session_ids: Collection[str]) -> None:
        """Deletes those that were made in these sessions."""

    async def delete_by_owner(self, owner_id: str, until: datetime | None = None) -> None:
        """Deletes all of an owner, or only those that were made until then."""
