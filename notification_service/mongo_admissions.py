"""Admissions in MongoDB: one document per key, changed by single atomic updates with the server's clock."""

from collections.abc import Sequence
from datetime import timedelta

from pymongo import ReturnDocument

from notification_service.admissions import Bound
from shared.mongo import Database, Document, call_mongo, from_now

ADMITTED = {"$ifNull": ["$admitted", []]}


class MongoAdmissions:
    """Admissions in one collection. A document expires when its longest window has passed."""

    def __init__(self, database: Database, collection: str) -> None:
        self._counters = database[collection]

    async def prepare(self) -> None:
        """Creates the TTL index; idempotent, also when run concurrently."""
        await call_mongo(self._counters.create_index("expires_at", expireAfterSeconds=0, name="expiry"))

    async def admit(self, key: str, member: str, bounds: Sequence[Bound]) -> bool:
        counter = await call_mongo(
            self._counters.find_one_and_update(
                {"_id": key},
                _admission(member, bounds),
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        )
        return counter is not None and any(each["id"] == member for each in counter["admitted"])


def _admission(member: str, bounds: Sequence[Bound]) -> list[Document]:
    periods = [bound.within for bound in bounds if bound.within is not None]
    longest = max(periods) if len(periods) == len(bounds) else None
    known = {"$in": [{"$literal": member}, "$admitted.id"]}
    room = {"$and": [{"$lt": [{"$size": _since(bound.within)}, bound.count]} for bound in bounds]}
    added = {"$concatArrays": ["$admitted", [{"id": {"$literal": member}, "at": "$$NOW"}]]}
    admitted = {"$cond": [{"$and": [{"$not": known}, room]}, added, "$admitted"]}
    expiry = {"expires_at": from_now(longest)} if longest is not None else {}
    return [{"$set": {"admitted": _since(longest)}}, {"$set": {"admitted": admitted, **expiry}}]


def _since(within: timedelta | None) -> Document:
    """The members that were admitted within the period."""
    if within is None:
        return ADMITTED
    after = {"$gt": ["$$each.at", from_now(-within)]}
    return {"$filter": {"input": ADMITTED, "as": "each", "cond": after}}
