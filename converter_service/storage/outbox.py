"""The outbox: pending events in the documents of their conversions, saved with the change they announce."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from pymongo import ASCENDING
from pymongo.asynchronous.collection import AsyncCollection

from converter_service.conversions.identifiers import new_id
from shared.clock import Clock
from shared.messaging.envelope import Envelope
from shared.messaging.outbox import Pending
from shared.mongo import Database, Document, mongo_errors


def pushed(events: Sequence[Envelope], since: datetime) -> Document:
    """The part of a MongoDB update that appends these events to the outbox."""
    entries = [_entry(event, since) for event in events]
    return {"$push": {"outbox": {"$each": entries}}, "$min": {"outbox_since": since}}


class MongoOutbox:
    """Implements the outbox port of `OutboxRelay`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._documents: AsyncCollection[Document] = database["conversions"]
        self._clock = clock

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
        now = self._clock()
        with mongo_errors():
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
            with mongo_errors():
                await self._documents.update_one({"_id": place}, _without(ids))


def _without(ids: Sequence[str]) -> list[Mapping[str, Any]]:
    """Removes these events; unsets an empty outbox, so that the partial index lists only pending ones."""
    kept = {"$filter": {"input": {"$ifNull": ["$outbox", []]}, "cond": {"$not": {"$in": ["$$this.id", ids]}}}}
    none_left = {"$eq": ["$outbox", []]}
    emptied = {name: {"$cond": [none_left, "$$REMOVE", f"${name}"]} for name in ("outbox", "outbox_since")}
    return [{"$set": {"outbox": kept}}, {"$set": emptied}]


def _entry(event: Envelope, since: datetime) -> Document:
    """Stores the envelope as JSON text, so that exactly these bytes are published."""
    body = msgspec.json.encode(event).decode()
    return {"id": event.id, "held_until": since, "holder": "", "envelope": body}


def _envelope(entry: Mapping[str, Any]) -> Envelope:
    return msgspec.json.decode(entry["envelope"], type=Envelope)
