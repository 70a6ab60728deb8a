"""State of the databases: events and webhooks not sent yet, and blobs and leases that should not exist."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

from pymongo import MongoClient
from sqlalchemy import func, select

from auth_service.database.connection import one_connection
from auth_service.database.outbox import StoredEvent
from notification_service.webhooks.mongo_outbox import COLLECTION
from shared.settings import Secret
from tests.faults.faulty_system import FaultySystem
from tests.support.client import FINAL
from tests.support.wait import until

COMMAND_S = 5.0
# The sweeper retries after a minute what it could not clean up.
CLEAN_WITHIN_S = 90.0
Document = dict[str, Any]


class StorageState:
    """Reads the databases directly, not through the services."""

    def __init__(self, system: FaultySystem) -> None:
        self._system = system

    async def outboxes_are_empty(self) -> bool:
        """Checks the outboxes of conversions and of webhooks in MongoDB, and the one in PostgreSQL."""
        return await asyncio.to_thread(self._waiting_in_mongo) == 0 and await self._waiting_in_postgres() == 0

    def webhooks_are_out(self) -> bool:
        with MongoClient[Document](self._system.mongo_url) as client:
            deliveries = client["tonegate_notification"]["webhook_deliveries"]
            return deliveries.count_documents({"status": "pending"}) == 0

    def dead_letters(self) -> int:
        with MongoClient[Document](self._system.mongo_url) as client:
            return client["tonegate"]["dead_letters"].count_documents({})

    async def leftovers(self, within_s: float) -> list[str]:
        """Returns what crashed processes left, if it still exists after the sweeper's time."""
        found: list[str] = []

        async def is_clean() -> bool:
            found[:] = await asyncio.to_thread(self._left)
            return not found

        with contextlib.suppress(AssertionError):
            await until(is_clean, timeout_s=min(within_s, CLEAN_WITHIN_S))
        return found

    def _waiting_in_mongo(self) -> int:
        with MongoClient[Document](self._system.mongo_url) as client:
            conversions, webhooks = (
                client["tonegate"]["conversions"],
                client["tonegate_notification"][COLLECTION],
            )
            waiting = conversions.count_documents({"outbox_since": {"$exists": True}})
            return waiting + webhooks.count_documents({})

    async def _waiting_in_postgres(self) -> int:
        url = Secret(self._system.stack.postgres.url())
        async with one_connection(url, command_s=COMMAND_S) as connection:
            return int(await connection.scalar(select(func.count()).select_from(StoredEvent)) or 0)

    def _left(self) -> list[str]:
        with MongoClient[Document](self._system.mongo_url) as client:
            database = client["tonegate"]
            chunks = set(database["fs.chunks"].distinct("files_id"))
            stored = chunks | set(database["fs.files"].distinct("_id"))
            records = list(database["conversions"].find({}))
        return list(left(records, stored))


def left(records: Iterable[Document], stored: set[str]) -> Iterator[str]:
    """Yields orphaned blobs, blobs of finished records that should be deleted or are missing, and stale
    leases.
    """
    known: set[str] = set()
    for record in records:
        mine = set(blobs(record))
        known |= mine
        if record["status"] in FINAL:
            temporary = set(record["debris"]) & stored
            yield from (
                f"{record['_id']} has ended and its temporary blob {blob} still exists" for blob in temporary
            )
            missing = mine - set(record["debris"]) - stored
            yield from (f"{record['_id']} has no blob {blob}" for blob in missing)
        if record["lease"] is not None:
            yield f"{record['_id']}: leases held by dead workers ({record['lease']['worker']})"
    yield from (f"orphaned blob {blob}" for blob in stored - known)


def blobs(record: Document) -> Iterator[str]:
    """Yields the ids of all blobs of a record, those of upload segments included."""
    upload = record.get("upload") or {}
    held = [record["source_blob"], record["audio_blob"], record.get("details_blob"), *record["debris"]]
    held += [segment["blob"] for segment in upload.get("segments", ())]
    held += [upload["writing"]["blob"]] if upload.get("writing") else []
    return (blob for blob in held if blob)
