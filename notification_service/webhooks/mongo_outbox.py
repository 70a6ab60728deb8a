"""Outbox of changes of webhooks in MongoDB (`webhook_outbox`), written in the transaction of the change.

Separate documents, because a webhook may be deleted before its event is published.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import msgspec
from pymongo import ASCENDING, ReturnDocument

from shared.messaging.envelope import Envelope
from shared.messaging.outbox import MAX_COUNTED, Backlog, Pending
from shared.mongo import UNCLAIMED, Database, Document, call_mongo, from_now

COLLECTION = "webhook_outbox"
OLDEST_FIRST = [("at", ASCENDING), ("_id", ASCENDING)]


class MongoWebhookOutbox:
    """Implements the outbox port of `OutboxRelay`.

    Leases run on the database server's clock, so that a wrong clock in one process delays nothing.
    """

    def __init__(self, database: Database) -> None:
        self._events = database[COLLECTION]

    async def prepare(self) -> None:
        """Creates the index, and so the collection; idempotent, also when run concurrently."""
        await call_mongo(self._events.create_index(OLDEST_FIRST, name="oldest"))

    async def claim(self, limit: int, lease_s: float) -> Sequence[Pending]:
        holder, claimed = uuid4().hex, list[Pending]()
        while len(claimed) < limit:
            found = await self._claim_one(holder, timedelta(seconds=lease_s))
            if found is None:
                break
            claimed.append(Pending(envelope=msgspec.json.decode(found["envelope"], type=Envelope)))
        return claimed

    async def _claim_one(self, holder: str, lease: timedelta) -> Document | None:
        return await call_mongo(
            self._events.find_one_and_update(
                {"holder": {"$ne": holder}, "$expr": {"$lte": ["$held_until", "$$NOW"]}},
                [{"$set": {"held_until": from_now(lease), "holder": holder}}],
                sort=OLDEST_FIRST,
                return_document=ReturnDocument.AFTER,
            )
        )

    async def clear(self, pending: Sequence[Pending]) -> None:
        ids = [each.envelope.id for each in pending]
        await call_mongo(self._events.delete_many({"_id": {"$in": ids}}))

    async def backlog(self) -> Backlog:
        oldest = await call_mongo(self._events.find_one({}, {"at": 1}, sort=OLDEST_FIRST))
        if oldest is None:
            return Backlog()
        return Backlog(await call_mongo(self._events.count_documents({}, limit=MAX_COUNTED)), oldest["at"])


def entry_of(event: Envelope) -> Document:
    """The document of an event, as JSON text, so that exactly these bytes are published."""
    body = msgspec.json.encode(event).decode()
    return {"_id": event.id, "at": event.time, "held_until": UNCLAIMED, "holder": "", "envelope": body}
