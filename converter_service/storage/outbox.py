"""The outbox: pending events in the documents of their conversions, saved with the change they announce."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from pymongo import ASCENDING
from pymongo.asynchronous.collection import AsyncCollection

from converter_service.conversions.identifiers import new_id
from shared.messaging.envelope import Envelope
from shared.messaging.outbox import MAX_COUNTED, Backlog, Pending
from shared.mongo import UNCLAIMED, Database, Document, from_now, mongo_errors

OLDEST_FIRST = {"outbox_since": ASCENDING, "_id": ASCENDING}
BACKLOG: Sequence[Document] = [
    {"$match": {"outbox_since": {"$exists": True}}},
    {"$sort": OLDEST_FIRST},
    {"$limit": MAX_COUNTED},
    {"$group": {"_id": None, "events": {"$sum": {"$size": "$outbox"}}, "oldest": {"$min": "$outbox_since"}}},
]
FREE = {"$lte": ["$$entry.held_until", "$$NOW"]}


def pushed(events: Sequence[Envelope], since: datetime) -> Document:
    """The part of a MongoDB update that appends these events to the outbox."""
    entries = [_entry(event) for event in events]
    return {"$push": {"outbox": {"$each": entries}}, "$min": {"outbox_since": since}}


class MongoOutbox:
    """Implements the outbox port of `OutboxRelay`.

    Leases run on the database server's clock, so that a wrong clock in one process delays nothing.
    """

    def __init__(self, database: Database) -> None:
        self._documents: AsyncCollection[Document] = database["conversions"]

    async def claim(self, limit: int, lease_s: float) -> Sequence[Pending]:
        """Claims up to `limit` events for `lease_s` seconds, under a holder id that is new with each call."""
        holder, claimed = new_id(), list[Pending]()
        while len(claimed) < limit:
            found = await self._claim_one(holder, timedelta(seconds=lease_s))
            if found is None:
                break
            mine = [entry for entry in found["outbox"] if entry["holder"] == holder]
            claimed.extend(Pending(envelope=_envelope(entry), place=found["_id"]) for entry in mine)
        return claimed[:limit]

    async def _claim_one(self, holder: str, lease: timedelta) -> Document | None:
        mine = {"$mergeObjects": ["$$entry", {"held_until": from_now(lease), "holder": holder}]}
        with mongo_errors():
            return await self._documents.find_one_and_update(
                {"outbox_since": {"$exists": True}, "$expr": {"$anyElementTrue": [_each_entry(FREE)]}},
                [{"$set": {"outbox": _each_entry({"$cond": [FREE, mine, "$$entry"]})}}],
                sort=OLDEST_FIRST,
                projection={"outbox": 1},
                return_document=True,
            )

    async def clear(self, pending: Sequence[Pending]) -> None:
        for place in {each.place for each in pending}:
            ids = [each.envelope.id for each in pending if each.place == place]
            with mongo_errors():
                await self._documents.update_one({"_id": place}, _without(ids))

    async def backlog(self) -> Backlog:
        with mongo_errors():
            cursor = await self._documents.aggregate(BACKLOG)
            found = await cursor.to_list()
        return Backlog(found[0]["events"], found[0]["oldest"]) if found else Backlog()


def _each_entry(expression: Document) -> Document:
    """Aggregation expression: `expression` for each `$$entry` of the outbox."""
    return {"$map": {"input": {"$ifNull": ["$outbox", []]}, "as": "entry", "in": expression}}


def _without(ids: Sequence[str]) -> list[Mapping[str, Any]]:
    """Removes these events; unsets an empty outbox, so that the partial index lists only pending ones."""
    kept = {"$filter": {"input": {"$ifNull": ["$outbox", []]}, "cond": {"$not": {"$in": ["$$this.id", ids]}}}}
    none_left = {"$eq": ["$outbox", []]}
    emptied = {name: {"$cond": [none_left, "$$REMOVE", f"${name}"]} for name in ("outbox", "outbox_since")}
    return [{"$set": {"outbox": kept}}, {"$set": emptied}]


def _entry(event: Envelope) -> Document:
    """Stores the envelope as JSON text, so that exactly these bytes are published."""
    body = msgspec.json.encode(event).decode()
    return {"id": event.id, "held_until": UNCLAIMED, "holder": "", "envelope": body}


def _envelope(entry: Mapping[str, Any]) -> Envelope:
    return msgspec.json.decode(entry["envelope"], type=Envelope)
