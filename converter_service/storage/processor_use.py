"""Processor seconds of accounts in MongoDB: one document for each run, deleted by a TTL index."""

from datetime import datetime, timedelta

from pymongo import IndexModel
from pymongo.asynchronous.collection import AsyncCollection

from shared.mongo import Database, Document, mongo_errors

# Longer than the day for which the quota counts.
KEPT = timedelta(days=2)


class MongoProcessorUse:
    """Implements ProcessorUse."""

    def __init__(self, database: Database) -> None:
        self._documents: AsyncCollection[Document] = database["processor_use"]

    async def prepare(self) -> None:
        """Creates the indexes. Idempotent."""
        with mongo_errors():
            await self._documents.create_indexes(
                [
                    IndexModel(["owner_id", "at", "seconds"], name="owner"),
                    IndexModel("at", name="forget", expireAfterSeconds=int(KEPT.total_seconds())),
                ]
            )

    async def record(self, run_id: str, owner_id: str, seconds: float, at: datetime) -> None:
        recorded = {"owner_id": owner_id, "seconds": seconds, "at": at}
        with mongo_errors():
            await self._documents.replace_one({"_id": run_id}, recorded, upsert=True)

    async def used(self, owner_id: str, since: datetime) -> float:
        summed: list[Document] = [
            {"$match": {"owner_id": owner_id, "at": {"$gte": since}}},
            {"$group": {"_id": None, "seconds": {"$sum": "$seconds"}}},
        ]
        with mongo_errors():
            cursor = await self._documents.aggregate(summed)
            found = await cursor.to_list()
        return float(found[0]["seconds"]) if found else 0.0
