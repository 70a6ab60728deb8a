"""Conversions in MongoDB: one document each; a change and its events are saved in one atomic write."""

import asyncio
import re
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

import pymongo
from msgspec.structs import replace
from pymongo import ASCENDING, DESCENDING
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import KeyTaken, VersionConflict
from converter_service.conversions.segments import PARTIAL
from converter_service.storage.documents import (
    ADD_BLOBS,
    ADD_SEARCH_TEXT,
    IN_A_LIST,
    WITHOUT_OUTBOX,
    conversion_of,
    document_of,
    read_or_postpone,
)
from converter_service.storage.indexes import INDEXES
from converter_service.storage.outbox import pushed
from shared.clock import Clock
from shared.errors import Unavailable
from shared.logs import correlation_id, get_logger
from shared.messaging.envelope import Envelope
from shared.mongo import OPERATION_MS, Database, Document, mongo_errors

# Building a new index over all existing conversions.
INDEXING_TIMEOUT_S = 600.0


class MongoConversions:
    """Implements ConversionStore. Each save is conditional on the version that the change was made from."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        on_event: Callable[[], None] = lambda: None,
        on_save: Callable[[Conversion], None] = lambda _: None,
    ) -> None:
        """`on_event` is called after each save that stored events, `on_save` after each save."""
        self._documents: AsyncCollection[Document] = database["conversions"]
        self._clock = clock
        self._on_event = on_event
        self._on_save = on_save
        self._indexed = asyncio.Event()

    async def prepare(self) -> None:
        """Creates the indexes, and the fields of old documents that only indexes use. Idempotent, also
        concurrently.
        """
        with mongo_errors(), pymongo.timeout(INDEXING_TIMEOUT_S):
            await self._documents.create_indexes(INDEXES)
            await self._documents.update_many({"blobs": {"$exists": False}}, [ADD_BLOBS])
            await self._documents.update_many({"search_text": {"$exists": False}}, [ADD_SEARCH_TEXT])
        self._indexed.set()

    async def _until_indexed(self) -> None:
        """Waits for `prepare`: only its unique index rejects a second conversion with the same key."""
        try:
            async with asyncio.timeout(OPERATION_MS / 1000):
                await self._indexed.wait()
        except TimeoutError:
            raise Unavailable("The store is not prepared yet.") from None

    async def add(self, conversion: Conversion) -> None:
        if conversion.idempotency_key is not None:
            await self._until_indexed()
        try:
            with mongo_errors():
                await self._documents.insert_one(document_of(conversion))
        except DuplicateKeyError as taken:
            if "idempotency_key" not in (taken.details or {}).get("keyPattern", {}):
                raise
            raise KeyTaken(conversion.id) from taken

    async def by_idempotency_key(self, idempotency_key: str) -> Conversion | None:
        return await self._one({"idempotency_key": _text(idempotency_key)})

    async def get(self, conversion_id: str) -> Conversion | None:
        return await self._one({"_id": conversion_id})

    async def _one(self, wanted: Document, sort: list[tuple[str, int]] | None = None) -> Conversion | None:
        with mongo_errors():
            found = await self._documents.find_one(wanted, WITHOUT_OUTBOX, sort=sort)
        return conversion_of(found) if found else None

    async def save(self, conversion: Conversion, *events: Envelope) -> Conversion:
        saved = replace(conversion, version=conversion.version + 1)
        change: Document = {"$set": document_of(saved)}
        if events:
            change |= pushed(events, self._clock())
        with mongo_errors():
            done = await self._documents.update_one(
                {"_id": conversion.id, "version": conversion.version}, change
            )
        if not done.matched_count:
            raise VersionConflict(conversion.id)
        if events:
            _log_saved(saved, events)
            self._on_event()
        self._on_save(saved)
        return saved

    async def remove(self, conversion_id: str) -> None:
        with mongo_errors():
            await self._documents.delete_one({"_id": conversion_id})

    async def end_links(self, owner_id: str, reset_at: datetime) -> int:
        completed = {
            "owner_id": owner_id,
            "status": State.COMPLETED.value,
            "links_reset_at": {"$not": {"$gte": reset_at}},
        }
        change = {"$inc": {"links_ended": 1, "version": 1}, "$set": {"links_reset_at": reset_at}}
        with mongo_errors():
            ended = await self._documents.update_many(completed, change)
        return ended.modified_count

    async def page(
        self,
        owner_id: str | None,
        status: State | None,
        before_id: str | None,
        limit: int,
        name: str | None = None,
    ) -> Sequence[Conversion]:
        wanted: Document = {"deleted_at": None, "upload.concat": {"$ne": PARTIAL}}
        if owner_id is not None:
            wanted["owner_id"] = owner_id
        if status is not None:
            wanted["status"] = status.value
        if before_id is not None:
            wanted["_id"] = {"$lt": before_id}
        if name is not None:
            wanted["search_text"] = {"$regex": re.escape(name), "$options": "i"}
        with mongo_errors():
            cursor = self._documents.find(wanted, IN_A_LIST).sort("_id", DESCENDING).limit(limit)
            return [conversion_of(found) for found in await cursor.to_list()]

    async def partial_uploads(self, owner_id: str, limit: int) -> Sequence[Conversion]:
        wanted = {"owner_id": owner_id, "deleted_at": None, "upload.concat": PARTIAL}
        with mongo_errors():
            found = await self._documents.find(wanted, WITHOUT_OUTBOX).limit(limit).to_list()
        return [conversion_of(document) for document in found]

    async def by_result_cache_key(self, owner_id: str, cache_key: str) -> Conversion | None:
        wanted = {
            "owner_id": owner_id,
            "made_after": _text(cache_key),
            "status": State.COMPLETED.value,
            "deleted_at": None,
        }
        return await self._one(wanted, sort=[("_id", DESCENDING)])

    async def referenced_blobs(self, blob_ids: Sequence[str]) -> Collection[str]:
        """Waits for `prepare`, which adds the field `blobs` to old documents."""
        await self._until_indexed()
        asked = set(blob_ids)
        with mongo_errors():
            holders = self._documents.find({"blobs": {"$in": list(asked)}}, {"_id": 0, "blobs": 1})
            found = await holders.to_list()
        return {blob for holder in found for blob in holder["blobs"]} & asked

    async def video_user(self, blob_id: str, other_than: str) -> Conversion | None:
        await self._until_indexed()
        wanted = {
            "blobs": blob_id,
            "_id": {"$ne": other_than},
            "deleted_at": None,
            "status": {"$ne": State.EXPIRED.value},
            "upload.concat": {"$ne": PARTIAL},
        }
        return await self._one(wanted, sort=[("_id", ASCENDING)])

    async def due(self, now: datetime, limit: int) -> Sequence[Conversion]:
        with mongo_errors():
            cursor = (
                self._documents.find({"due_at": {"$lte": now}}, WITHOUT_OUTBOX).sort("due_at").limit(limit)
            )
            found = await cursor.to_list()
        read = [await read_or_postpone(self._documents, document, now, "due_at") for document in found]
        return [conversion for conversion in read if conversion]


def _text(value: str) -> Document:
    """Equality that a partial index of strings serves: the planner does not infer the type from the value."""
    return {"$eq": value, "$type": "string"}


def _log_saved(saved: Conversion, events: Sequence[Envelope]) -> None:
    """Logs under the correlation id of the upload, with that of the current request as `asked_by`."""
    upload_id, asked_by = saved.correlation_id, correlation_id.get()
    get_logger(__name__).info(
        "conversion recorded",
        conversion_id=saved.id,
        status=saved.status.value,
        announced=[event.type for event in events],
        **({"correlation_id": upload_id} if upload_id else {}),
        **({"asked_by": asked_by} if asked_by not in {"", upload_id} else {}),
    )
