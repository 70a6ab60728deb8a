"""Who waits for a worker, out of the conversions' own documents."""

from datetime import datetime

import msgspec
from pymongo import ASCENDING
from pymongo.asynchronous.collection import AsyncCollection

from converter_service.adapters.mongo import (
    UNREADABLE_AGAIN,
    WITHOUT_OUTBOX,
    Database,
    Document,
    conversion_of,
    reachable,
)
from converter_service.conversion import Conversion, State
from shared.logs import get_logger


class MongoQueue:
    """Every question is answered by an index that holds what is queued and nothing else."""

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
            with reachable():
                found = await self._documents.find_one(wanted, WITHOUT_OUTBOX, sort=order)
            if found is None:
                return None
            name = found["_id"]
            try:
                return conversion_of(found)
            except msgspec.ValidationError:
                await self._set_aside(name, now)

    async def _set_aside(self, name: object, now: datetime) -> None:
        """One that makes no sense here, such as a newer version's, must not hold up those behind it."""
        get_logger(__name__).exception("unreadable conversion", conversion_id=str(name))
        with reachable():
            await self._documents.update_one({"_id": name}, {"$set": {"rests_until": now + UNREADABLE_AGAIN}})

    async def running(self, owner_id: str) -> int:
        wanted = {"owner_id": owner_id, "status": State.CONVERTING.value}
        with reachable():
            return await self._documents.count_documents(wanted)
