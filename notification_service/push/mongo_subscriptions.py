"""Store of push subscriptions in MongoDB, collection `push_subscriptions`."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec
from pymongo import DESCENDING, IndexModel

from notification_service.push.subscription import Subscription
from shared.mongo import Database, Document, call_mongo

# Each visit of the page renews a subscription. No event tells of the end of an idle session, which takes as
# long by default.
KEPT = timedelta(days=14)
NEWEST_FIRST = [("created_at", DESCENDING), ("_id", DESCENDING)]


class MongoSubscriptions:
    """Implements Subscriptions. An account's subscriptions lie together in one index."""

    def __init__(self, database: Database) -> None:
        self._subscriptions = database["push_subscriptions"]

    async def prepare(self) -> None:
        """Creates the indexes; idempotent, also when run concurrently."""
        owner = IndexModel(["owner_id", ("created_at", DESCENDING), ("_id", DESCENDING)], name="owner")
        expiry = IndexModel("created_at", expireAfterSeconds=int(KEPT.total_seconds()), name="expiry")
        await call_mongo(self._subscriptions.create_indexes([owner, expiry]))

    async def put(self, subscription: Subscription, limit: int) -> None:
        document = msgspec.to_builtins(subscription, builtin_types=(datetime,))
        document["_id"] = document.pop("id")
        await call_mongo(self._subscriptions.replace_one({"_id": document["_id"]}, document, upsert=True))
        surplus = (await self.list_by_owner(subscription.owner_id))[limit:]
        for each in surplus:
            await self.delete(each.owner_id, each.id)

    async def get(self, subscription_id: str) -> Subscription | None:
        found = await call_mongo(self._subscriptions.find_one({"_id": subscription_id}))
        return _to_subscription(found) if found else None

    async def list_by_owner(self, owner_id: str) -> Sequence[Subscription]:
        found = self._subscriptions.find({"owner_id": owner_id}).sort(NEWEST_FIRST)
        return [_to_subscription(each) for each in await call_mongo(found.to_list())]

    async def delete(self, owner_id: str, subscription_id: str) -> bool:
        wanted = {"_id": subscription_id, "owner_id": owner_id}
        return (await call_mongo(self._subscriptions.delete_one(wanted))).deleted_count > 0

    async def delete_by_session(self, owner_id: str, session_ids: Collection[str]) -> None:
        wanted = {"owner_id": owner_id, "session_id": {"$in": list(session_ids)}}
        await call_mongo(self._subscriptions.delete_many(wanted))

    async def delete_by_owner(self, owner_id: str, until: datetime | None = None) -> None:
        wanted: Document = {"owner_id": owner_id}
        if until is not None:
            wanted["created_at"] = {"$lte": until}
        await call_mongo(self._subscriptions.delete_many(wanted))


def _to_subscription(document: Document) -> Subscription:
    return msgspec.convert({**document, "id": document["_id"]}, Subscription)
