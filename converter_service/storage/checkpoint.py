"""Where a walk through the database goes on, for all processes that share it."""

from datetime import datetime

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from shared.mongo.connection import Database, Document
from shared.mongo.errors import mongo_errors


class MongoCheckpoint:
    """One document for each walk."""

    def __init__(self, database: Database, walk: str) -> None:
        self._documents: AsyncCollection[Document] = database["bookmarks"]
        self._walk = walk

    async def claim(self, now: datetime, not_before: datetime) -> str | None:
        """The upsert fails on the id when the document is there and not due."""
        due = {"_id": self._walk, "due_at": {"$lte": now}}
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
                {"_id": self._walk}, {"$set": {"place": place, "due_at": not_before}}, upsert=True
            )
