"""Conversions in MongoDB: one document each; a change and its events are one atomic write."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pymongo
from bson import Int64
from bson.codec_options import CodecOptions
from msgspec.structs import replace
from pymongo import ASCENDING, DESCENDING, AsyncMongoClient, IndexModel, ReadPreference, WriteConcern
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WaitQueueTimeoutError,
)
from pymongo.read_concern import ReadConcern

from converter_service.clock import Clock, new_id
from converter_service.conversion import Conversion, State
from converter_service.ports import KeyTaken, Stale
from converter_service.segments import PARTIAL
from shared.errors import Unavailable
from shared.logs import correlation_id, get_logger
from shared.messaging.cancellation import no_cancellation_lost
from shared.messaging.envelope import Envelope
from shared.messaging.outbox import Pending
from shared.settings import Secret

Document = dict[str, Any]
Client = AsyncMongoClient[Document]
Database = AsyncDatabase[Document]

DATABASE = "tonegate"
CONNECT_MS = 2_000
# All of an operation: finding a server, sending, waiting, trying again.
OPERATION_MS = 4_000
# A new index over all the conversions that there are.
INDEXING_TIMEOUT_S = 600.0
POOL = 64
UNREADABLE_AGAIN = timedelta(minutes=5)
OUT_OF_DISK_SPACE = 14031
WITHOUT_OUTBOX = {"outbox": 0, "outbox_since": 0}
IN_A_LIST = {**WITHOUT_OUTBOX, "blobs": 0, "upload.segments": 0}

# For records that were written before they did.
SAYS_ITS_BLOBS: Document = {
    "$set": {
        "blobs": {
            "$setDifference": [
                {"$concatArrays": [["$source_blob", "$audio_blob"], {"$ifNull": ["$debris", []]}]},
                [None],
            ]
        }
    }
}


def connect(url: Secret) -> Client:
    """Connects on first use. What is acknowledged survives the loss of a minority of the servers."""
    return AsyncMongoClient(
        url.reveal(),
        appname="tonegate-converter",
        tz_aware=True,
        connectTimeoutMS=CONNECT_MS,
        timeoutMS=OPERATION_MS,
        maxPoolSize=POOL,
    )


def database_of(client: Client) -> Database:
    """The database that the URL names, or `tonegate`."""
    return client.get_default_database(
        DATABASE,
        codec_options=CodecOptions(tz_aware=True),
        read_preference=ReadPreference.PRIMARY,
        write_concern=WriteConcern("majority"),
        read_concern=ReadConcern("majority"),
    )


@contextmanager
def reachable() -> Iterator[None]:
    """Turns what the driver raises while the database is out of reach into Unavailable.

    The driver waits with asyncio.wait_for, which before Python 3.12 loses a cancellation that comes together
    with the answer (gh-86296): whoever cancelled would wait for ever. Here it is raised after all.
    """
    try:
        with no_cancellation_lost():
            yield
    except (ConnectionFailure, ExecutionTimeout, WaitQueueTimeoutError) as away:
        raise Unavailable("The store cannot be reached.") from away
    except OperationFailure as refused:
        if refused.code == OUT_OF_DISK_SPACE:
            raise Unavailable("The store is full.", retry_after_s=60) from refused
        if refused.timeout or refused.has_error_label("RetryableWriteError"):
            raise Unavailable("The store cannot be reached.") from refused
        raise
    except PyMongoError as failed:
        if failed.timeout:
            raise Unavailable("The store cannot be reached.") from failed
        raise


class MongoConversions:
    """Every save names the version it was made from: neither a lost race nor a zombie changes anything."""

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
        """Creates the indexes; harmless when they are there, or when several processes do it at once."""
        waiting = {"outbox_since": {"$exists": True}}
        with reachable(), pymongo.timeout(INDEXING_TIMEOUT_S):
            await self._documents.create_indexes(
                [
                    IndexModel([("owner_id", ASCENDING), ("_id", DESCENDING)], name="owner"),
                    IndexModel(
                        [("owner_id", ASCENDING), ("status", ASCENDING), ("_id", DESCENDING)],
                        name="owner_status",
                    ),
                    IndexModel([("status", ASCENDING), ("_id", DESCENDING)], name="status"),
                    IndexModel([("due_at", ASCENDING)], name="due"),
                    IndexModel([("blobs", ASCENDING)], name="blobs"),
                    IndexModel(
                        [("owner_id", ASCENDING), ("made_after", ASCENDING), ("_id", DESCENDING)],
                        name="made_after",
                        partialFilterExpression={"made_after": {"$type": "string"}},
                    ),
                    IndexModel(
                        [("owner_id", ASCENDING), ("held_bytes", ASCENDING)],
                        name="held_bytes",
                        partialFilterExpression={"held_bytes": {"$gt": 0}},
                    ),
                    IndexModel(
                        [("status", ASCENDING), ("owner_id", ASCENDING), ("_id", ASCENDING)],
                        name="waiting",
                        partialFilterExpression={"status": State.QUEUED.value},
                    ),
                    IndexModel(
                        [("idempotency_key", ASCENDING)],
                        name="idempotency_key",
                        unique=True,
                        partialFilterExpression={"idempotency_key": {"$type": "string"}},
                    ),
                    IndexModel(
                        [("outbox_since", ASCENDING), ("_id", ASCENDING)],
                        name="outbox",
                        partialFilterExpression=waiting,
                    ),
                ]
            )
            await self._documents.update_many({"blobs": {"$exists": False}}, [SAYS_ITS_BLOBS])
        self._indexed.set()

    async def _until_indexed(self) -> None:
        """Nothing but the index says that a key is taken."""
        try:
            async with asyncio.timeout(OPERATION_MS / 1000):
                await self._indexed.wait()
        except TimeoutError:
            raise Unavailable("The store is not ready yet.") from None

    async def add(self, conversion: Conversion) -> None:
        if conversion.idempotency_key is not None:
            await self._until_indexed()
        try:
            with reachable():
                await self._documents.insert_one(_document(conversion))
        except DuplicateKeyError as taken:
            if "idempotency_key" not in (taken.details or {}).get("keyPattern", {}):
                raise
            raise KeyTaken(conversion.id) from taken

    async def by_key(self, idempotency_key: str) -> Conversion | None:
        with reachable():
            found = await self._documents.find_one({"idempotency_key": idempotency_key}, WITHOUT_OUTBOX)
        return conversion_of(found) if found else None

    async def get(self, conversion_id: str) -> Conversion | None:
        with reachable():
            found = await self._documents.find_one({"_id": conversion_id}, WITHOUT_OUTBOX)
        return conversion_of(found) if found else None

    async def save(self, conversion: Conversion, *events: Envelope) -> Conversion:
        saved = replace(conversion, version=conversion.version + 1)
        change: Document = {"$set": _document(saved)}
        if events:
            since = self._clock()
            entries = [_entry(event, since) for event in events]
            change |= {"$push": {"outbox": {"$each": entries}}, "$min": {"outbox_since": since}}
        with reachable():
            done = await self._documents.update_one(
                {"_id": conversion.id, "version": conversion.version}, change
            )
        if not done.matched_count:
            raise Stale(conversion.id)
        if events:
            _tell(saved, events)
            self._on_event()
        self._on_save(saved)
        return saved

    async def remove(self, conversion_id: str) -> None:
        with reachable():
            await self._documents.delete_one({"_id": conversion_id})

    async def page(
        self, owner_id: str | None, status: State | None, before_id: str | None, limit: int
    ) -> Sequence[Conversion]:
        wanted: Document = {"deleted_at": None, "upload.concat": {"$ne": PARTIAL}}
        if owner_id is not None:
            wanted["owner_id"] = owner_id
        if status is not None:
            wanted["status"] = status.value
        if before_id is not None:
            wanted["_id"] = {"$lt": before_id}
        with reachable():
            cursor = self._documents.find(wanted, IN_A_LIST).sort("_id", DESCENDING).limit(limit)
            return [conversion_of(found) for found in await cursor.to_list()]

    async def parts(self, owner_id: str, limit: int) -> Sequence[Conversion]:
        wanted = {"owner_id": owner_id, "deleted_at": None, "upload.concat": PARTIAL}
        with reachable():
            found = await self._documents.find(wanted, WITHOUT_OUTBOX).limit(limit).to_list()
        return [conversion_of(document) for document in found]

    async def made_after(self, owner_id: str, recipe: str) -> Conversion | None:
        wanted = {
            "owner_id": owner_id,
            "made_after": recipe,
            "status": State.COMPLETED.value,
            "deleted_at": None,
        }
        with reachable():
            newest = [("_id", DESCENDING)]
            found = await self._documents.find_one(wanted, WITHOUT_OUTBOX, sort=newest)
        return conversion_of(found) if found else None

    async def known(self, blob_ids: Sequence[str]) -> Collection[str]:
        """Not before every record says which blobs it has."""
        await self._until_indexed()
        asked = set(blob_ids)
        with reachable():
            holders = self._documents.find({"blobs": {"$in": list(asked)}}, {"_id": 0, "blobs": 1})
            found = await holders.to_list()
        return {blob for holder in found for blob in holder["blobs"]} & asked

    async def due(self, now: datetime, limit: int) -> Sequence[Conversion]:
        with reachable():
            cursor = (
                self._documents.find({"due_at": {"$lte": now}}, WITHOUT_OUTBOX).sort("due_at").limit(limit)
            )
            found = await cursor.to_list()
        read = [await self._readable(document, now) for document in found]
        return [conversion for conversion in read if conversion]

    async def _readable(self, document: Document, now: datetime) -> Conversion | None:
        """None for one that makes no sense here, such as a newer version's; it is due again later."""
        name, due_at = document["_id"], document["due_at"]
        try:
            return conversion_of(document)
        except msgspec.ValidationError:
            get_logger(__name__).exception("unreadable conversion", conversion_id=str(name))
        with reachable():
            await self._documents.update_one(
                {"_id": name, "due_at": due_at}, {"$set": {"due_at": now + UNREADABLE_AGAIN}}
            )
        return None


def _tell(saved: Conversion, events: Sequence[Envelope]) -> None:
    """In the story of its upload, whoever asked for the change."""
    story, asked_by = saved.correlation_id, correlation_id.get()
    get_logger(__name__).info(
        "conversion recorded",
        conversion_id=saved.id,
        status=saved.status.value,
        announced=[event.type for event in events],
        **({"correlation_id": story} if story else {}),
        **({"asked_by": asked_by} if asked_by not in {"", story} else {}),
    )


class MongoOutbox:
    """The pending events inside the conversions' documents, for the relay."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._documents: AsyncCollection[Document] = database["conversions"]
        self._clock = clock

    async def claim(self, limit: int, lease_s: float) -> Sequence[Pending]:
        """A holder of its own for each call: two claims never share an event."""
        holder, claimed = new_id(), list[Pending]()
        while len(claimed) < limit:
            found = await self._claim_one(holder, timedelta(seconds=lease_s))
            if found is None:
                break
            mine = [entry for entry in found["outbox"] if entry["holder"] == holder]
            claimed.extend(Pending(envelope=_envelope(entry), place=found["_id"]) for entry in mine)
        return claimed[:limit]

    async def _claim_one(self, holder: str, lease: timedelta) -> Document | None:
        now = self._clock()
        with reachable():
            return await self._documents.find_one_and_update(
                {"outbox_since": {"$exists": True}, "outbox": {"$elemMatch": {"held_until": {"$lte": now}}}},
                {"$set": {"outbox.$[free].held_until": now + lease, "outbox.$[free].holder": holder}},
                array_filters=[{"free.held_until": {"$lte": now}}],
                sort=[("outbox_since", ASCENDING), ("_id", ASCENDING)],
                projection={"outbox": 1},
                return_document=True,
            )

    async def clear(self, pending: Sequence[Pending]) -> None:
        for place in {each.place for each in pending}:
            ids = [each.envelope.id for each in pending if each.place == place]
            with reachable():
                await self._documents.update_one({"_id": place}, _without(ids))


def _without(ids: Sequence[str]) -> list[Mapping[str, Any]]:
    """Drops those events; an empty outbox goes altogether: the partial index holds only what waits."""
    kept = {"$filter": {"input": {"$ifNull": ["$outbox", []]}, "cond": {"$not": {"$in": ["$$this.id", ids]}}}}
    none_left = {"$eq": ["$outbox", []]}
    emptied = {name: {"$cond": [none_left, "$$REMOVE", f"${name}"]} for name in ("outbox", "outbox_since")}
    return [{"$set": {"outbox": kept}}, {"$set": emptied}]


def _entry(event: Envelope, since: datetime) -> Document:
    """The envelope as its JSON text: what is published later is byte for byte what was stored."""
    body = msgspec.json.encode(event).decode()
    return {"id": event.id, "held_until": since, "holder": "", "envelope": body}


def _envelope(entry: Mapping[str, Any]) -> Envelope:
    return msgspec.json.decode(entry["envelope"], type=Envelope)


def _document(conversion: Conversion) -> Document:
    document: Document = msgspec.to_builtins(conversion, builtin_types=(datetime,))
    document["_id"] = document.pop("id")
    # For indexes; read back they mean nothing.
    document["blobs"] = list(conversion.named_blobs)
    document["held_bytes"] = Int64(conversion.held_bytes)
    return document


def conversion_of(document: Document) -> Conversion:
    """Raises msgspec.ValidationError for one that makes no sense here, such as a newer version's."""
    document["id"] = document.pop("_id")
    return msgspec.convert(document, Conversion)
