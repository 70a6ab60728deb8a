"""Subscriptions in memory. They pass the contract suite of their port."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from notification_service.push.subscription import Subscription


class MemorySubscriptions:
    """Subscriptions in a dictionary."""

    def __init__(self) -> None:
        self.all: dict[str, Subscription] = {}

    async def put(self, subscription: Subscription, limit: int) -> None:
        self.all[subscription.id] = subscription
        for each in (await self.list_by_owner(subscription.owner_id))[limit:]:
            del self.all[each.id]

    async def get(self, subscription_id: str) -> Subscription | None:
        return self.all.get(subscription_id)

    async def list_by_owner(self, owner_id: str) -> Sequence[Subscription]:
        own = [each for each in self.all.values() if each.owner_id == owner_id]
        return sorted(own, key=lambda each: (each.created_at, each.id), reverse=True)

    async def delete(self, owner_id: str, subscription_id: str) -> bool:
        found = self.all.get(subscription_id)
        if found is None or found.owner_id != owner_id:
            return False
        del self.all[subscription_id]
        return True

    async def delete_by_session(self, owner_id: str, session_ids: Collection[str]) -> None:
        self._keep(lambda each: each.owner_id != owner_id or each.session_id not in session_ids)

    async def delete_by_owner(self, owner_id: str, until: datetime | None = None) -> None:
        self._keep(lambda each: each.owner_id != owner_id or (until is not None and each.created_at > until))

    def _keep(self, wanted: Callable[[Subscription], bool]) -> None:
        self.all = {name: each for name, each in self.all.items() if wanted(each)}
