"""Queries about queued conversions and the usage of accounts, on the documents of the conversions."""

from datetime import datetime

from pymongo import ASCENDING
from pymongo.asynchronous.collection import AsyncCollection

from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import Usage
from converter_service.storage.documents import WITHOUT_OUTBOX, read_or_postpone
from shared.mongo import Database, Document, mongo_errors

UNDER_WAY = [state.value for state in (State.UPLOADING, State.QUEUED, State.CONVERTING)]


class MongoQueue:
    """Implements Queue; each query uses an index."""

    def __init__(self, database: Database) -> None:
        self._documents: AsyncCollection[Document] = database["conversions"]

    async def next(self, now: datetime, after_owner: str) -> Conversion | None:
        wanted = {
            "status": State.QUEUED.value,
            "owner_id": {"$gt": after_owner},
            "deleted_at": None,
            "rests_until": {"$not": {"$gt": now}},
        }
        order = [("owner_id", ASCENDING), ("_id", ASCENDING)]
        while True:
            with mongo_errors():
                found = await self._documents.find_one(wanted, WITHOUT_OUTBOX, sort=order)
            if found is None:
                return None
            conversion = await read_or_postpone(self._documents, found, now, "rests_until")
            if conversion is not None:
                return conversion

    async def length(self, at_most: int) -> int:
        with mongo_errors():
            return await self._documents.count_documents({"status": State.QUEUED.value}, limit=at_most)

    async def usage(self, owner_id: str) -> Usage:
        under_way = {"owner_id": owner_id, "status": {"$in": UNDER_WAY}, "deleted_at": None}
        with mongo_errors():
            cursor = await self._documents.aggregate(held_bytes_pipeline(owner_id))
            summed = await cursor.to_list()
            return Usage(
                bytes=int(summed[0]["bytes"]) if summed else 0,
                conversions=await self._documents.count_documents(under_way),
            )

    async def running(self, owner_id: str) -> int:
        wanted = {"owner_id": owner_id, "status": State.CONVERTING.value}
        with mongo_errors():
            return await self._documents.count_documents(wanted)


def held_bytes_pipeline(owner_id: str) -> list[Document]:
    """Aggregation that sums up the `held_bytes` of an account; the index covers it."""
    return [
        {"$match": {"owner_id": owner_id, "held_bytes": {"$gt": 0}}},
        {"$group": {"_id": None, "bytes": {"$sum": "$held_bytes"}}},
    ]
