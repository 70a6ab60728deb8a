"""Outbox of changes of webhooks in MongoDB (`webhook_outbox`), written in the transaction of the change.

Separate documents, because a webhook may be deleted before its event is published.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import msgspec
from pymongo import ASCENDING, ReturnDocument

from shared.clock import utc_now
from shared.messaging.envelope import Envelope
from shared.messaging.outbox import Pending
from shared.mongo import Database, Document, call_mongo

COLLECTION = "webhook_outbox"
OLDEST_FIRST = [("at", ASCENDING), ("_id", ASCENDING)]


class MongoWebhookOutbox:
    """Implements the outbox port of `OutboxRelay`."""

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
        now = utc_now()
        return await call_mongo(
            self._events.find_one_and_update(
                {"held_until": {"$lte": now}, "holder": {"$ne": holder}},
                {"$set": {"held_until": now + lease, "holder": holder}},
                sort=OLDEST_FIRST,
                return_document=ReturnDocument.AFTER,
            )
        )

    async def clear(self, pending: Sequence[Pending]) -> None:
        ids = [each.envelope.id for each in pending]
        await call_mongo(self._events.delete_many({"_id": {"$in": ids}}))


def entry_of(event: Envelope, now: datetime) -> Document:
    """The document of an event, as JSON text, so that exactly these bytes are published."""
    body = msgspec.json.encode(event).decode()
    return {"_id": event.id, "at": event.time, "held_until": now, "holder": "", "envelope": body}
