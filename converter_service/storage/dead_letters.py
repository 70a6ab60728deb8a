"""Dead letters in MongoDB, one document each, deleted by a TTL index."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from converter_service.dead_letters.model import DeadLetter, DeadLetterStatus
from shared.errors import Unavailable
from shared.mongo import Database, Document, mongo_errors

# The length limit of the dead-letter queue: further dead letters stay in that queue.
MAX_DEAD_LETTERS = 100_000
WITHOUT_HOLDER = {"held_by": 0, "held_until": 0}


class MongoDeadLetters:
    """Implements DeadLetterStore."""

    def __init__(self, database: Database, limit: int = MAX_DEAD_LETTERS) -> None:
        self._documents: AsyncCollection[Document] = database["dead_letters"]
        self._limit = limit

    async def prepare(self) -> None:
        """Creates the indexes. Idempotent."""
        with mongo_errors():
            await self._documents.create_indexes(
                [
                    IndexModel([("status", ASCENDING), ("_id", DESCENDING)], name="status"),
                    IndexModel([("forget_at", ASCENDING)], name="forget", expireAfterSeconds=0),
                ]
            )

    async def add(self, dead_letter: DeadLetter) -> None:
        with mongo_errors():
            if await self._documents.estimated_document_count() >= self._limit:
                raise Unavailable("There are too many dead letters.")
            try:
                await self._documents.insert_one(_document(dead_letter))
            except DuplicateKeyError:
                return

    async def get(self, dead_letter_id: str) -> DeadLetter | None:
        with mongo_errors():
            found = await self._documents.find_one({"_id": dead_letter_id}, WITHOUT_HOLDER)
        return _letter(found) if found else None

    async def page(
        self, status: DeadLetterStatus | None, before_id: str | None, limit: int
    ) -> Sequence[DeadLetter]:
        wanted: Document = {} if status is None else {"status": status.value}
        if before_id is not None:
            wanted["_id"] = {"$lt": before_id}
        with mongo_errors():
            found = (
                self._documents.find(wanted, {**WITHOUT_HOLDER, "body": 0})
                .sort("_id", DESCENDING)
                .limit(limit)
            )
            return [_letter(document) for document in await found.to_list()]

    async def hold(self, dead_letter_id: str, holder: str, now: datetime, until: datetime) -> bool:
        free = {"$or": [{"held_until": {"$exists": False}}, {"held_until": {"$lte": now}}]}
        with mongo_errors():
            done = await self._documents.update_one(
                {"_id": dead_letter_id, "status": DeadLetterStatus.WAITING.value, **free},
                {"$set": {"held_by": holder, "held_until": until}},
            )
        return done.matched_count == 1

    async def release(self, dead_letter_id: str, holder: str) -> None:
        with mongo_errors():
            await self._documents.update_one(
                {"_id": dead_letter_id, "held_by": holder}, {"$unset": {"held_by": "", "held_until": ""}}
            )

    async def settle(self, dead_letter: DeadLetter, holder: str) -> bool:
        with mongo_errors():
            done = await self._documents.replace_one(
                {"_id": dead_letter.id, "held_by": holder}, _document(dead_letter)
            )
        return done.matched_count == 1

    async def waiting(self) -> int:
        with mongo_errors():
            return await self._documents.count_documents({"status": DeadLetterStatus.WAITING.value})


def _document(dead_letter: DeadLetter) -> Document:
    document: Document = msgspec.to_builtins(dead_letter, builtin_types=(datetime, bytes))
    document["_id"] = document.pop("id")
    return document


def _letter(document: Document) -> DeadLetter:
    document["id"] = document.pop("_id")
    return msgspec.convert(document, DeadLetter)
