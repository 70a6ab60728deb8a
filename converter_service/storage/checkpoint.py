"""The checkpoint of a scan in MongoDB, shared by all workers."""

from datetime import datetime

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from shared.mongo import Database, Document, mongo_errors


class MongoCheckpoint:
    """Implements Checkpoint with one document for each scan, in the collection `bookmarks`."""

    def __init__(self, database: Database, scan: str) -> None:
        self._documents: AsyncCollection[Document] = database["bookmarks"]
        self._scan = scan

    async def claim(self, now: datetime, not_before: datetime) -> str | None:
        """When the document exists but is not due, the upsert fails with a duplicate key."""
        due = {"_id": self._scan, "due_at": {"$lte": now}}
        try:
            with mongo_errors():
                found = await self._documents.find_one_and_update(
                    due, {"$set": {"due_at": not_before}, "$setOnInsert": {"place": ""}}, upsert=True
                )
        except DuplicateKeyError:
            return None
        return str(found["place"]) if found else ""

    async def advance(self, place: str, not_before: datetime) -> None:
        with mongo_errors():
            await self._documents.update_one(
                {"_id": self._scan}, {"$set": {"place": place, "due_at": not_before}}, upsert=True
            )
