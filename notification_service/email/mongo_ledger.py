"""Ledger of sent emails in MongoDB: one document per event, changed by single atomic updates.

Leases use the clock of the database server ($$NOW), so that differing clocks of replicas do not matter.
"""

import secrets
from datetime import timedelta
from typing import cast

from pymongo import ReturnDocument

from notification_service.email.ledger import AlreadySent, Claim, Lease, LeaseHeld
from shared.clock import utc_now
from shared.mongo import Database, Document, call_mongo, from_now

EXPIRED = {"$lte": ["$until", "$$NOW"]}
# True if no one holds a lease: a new entry (no state yet) or a released one.
FREE = {"$in": [{"$ifNull": ["$state", "new"]}, ["new", "waiting", "refused", "capped"]]}
# True if the record of an expired lease did not arrive in time.
UNRECORDED = {"$and": [{"$eq": ["$state", "lapsed"]}, EXPIRED]}
LAPSED = {"$and": [{"$eq": ["$state", "sending"]}, EXPIRED]}
REMAINING_MS = {"$max": [{"$subtract": ["$until", "$$NOW"]}, 0]}


class MongoLedger:
    """A SentLedger in the collection `letters`. Stores no address and no content of an email.

    After an expired lease the record of its holder may still arrive for the time `handover`, which begins
    with the first claim that finds the lease expired: the ledger may have been unavailable until then.
    """

    def __init__(self, database: Database, keep: timedelta, handover: timedelta = timedelta()) -> None:
        self._entries = database["letters"]
        self._keep, self._handover = keep, handover

    async def prepare(self) -> None:
        """Creates the TTL index of old entries; idempotent, also when run concurrently."""
        await call_mongo(self._entries.create_index("expires_at", expireAfterSeconds=0, name="expiry"))

    async def ping(self) -> None:
        await call_mongo(self._entries.database.command("ping"))

    async def claim(self, event_id: str, lease: timedelta, *, takeover: bool = True) -> Claim:
        token = secrets.token_hex(16)
        entry = await call_mongo(self._acquire(event_id, token, lease, takeover=takeover))
        if entry["state"] == "sent":
            return AlreadySent()
        if entry["token"] != token:
            return LeaseHeld(remaining=timedelta(milliseconds=entry["remaining_ms"]))
        return Lease(token=token, attempts=entry["attempts"], since=entry["since"])

    async def _acquire(self, event_id: str, token: str, lease: timedelta, *, takeover: bool) -> Document:
        """Returns the updated entry; it holds `token` if no lease was held before.

        The filter of an upsert cannot compare with $$NOW, so the condition is part of the update.
        """
        taken = {
            "state": "sending",
            "token": token,
            "until": from_now(lease),
            "attempts": {"$ifNull": ["$attempts", 0]},
            "since": {"$ifNull": ["$since", "$$NOW"]},
            "expires_at": from_now(self._keep),
        }
        lapsed = {"state": "lapsed", "until": from_now(self._handover)}
        waits = self._handover or not takeover
        branches = [
            {"case": FREE, "then": {"$mergeObjects": ["$$ROOT", taken]}},
            {"case": {"$and": [takeover, UNRECORDED]}, "then": {"$mergeObjects": ["$$ROOT", taken]}},
            {"case": LAPSED, "then": {"$mergeObjects": ["$$ROOT", lapsed if waits else taken]}},
        ]
        entry = await self._entries.find_one_and_update(
            {"_id": event_id},
            [{"$replaceWith": {"$switch": {"branches": branches, "default": "$$ROOT"}}}],
            {"state": 1, "token": 1, "attempts": 1, "since": 1, "remaining_ms": REMAINING_MS},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return cast("Document", entry)  # never None: an upsert that returns the document after the update

    async def record_sent(self, event_id: str, token: str) -> None:
        fields = {"state": "sent", "sent_at": "$$NOW", "sent_by": token, "expires_at": from_now(self._keep)}
        change: list[Document] = [{"$set": fields}, {"$unset": ["token", "until", "reason"]}]
        await call_mongo(self._entries.update_one({"_id": event_id}, change, upsert=True))

    async def postpone(self, event_id: str, token: str) -> None:
        change: Document = {
            "$set": {"state": "waiting"},
            "$inc": {"attempts": 1},
            "$unset": {"token": 1, "until": 1},
        }
        await call_mongo(self._entries.update_one(_held_by(event_id, token), change))

    async def record_refusal(self, event_id: str, token: str, reason: str) -> None:
        change: Document = {
            "$set": {"state": "refused", "reason": reason, "refused_at": utc_now()},
            "$unset": {"token": 1, "until": 1, "attempts": 1, "since": 1},
        }
        await call_mongo(self._entries.update_one(_held_by(event_id, token), change))

    async def record_capped(self, event_id: str, reason: str) -> None:
        capped = {"state": "capped", "reason": reason, "expires_at": from_now(self._keep)}
        merged = {"$mergeObjects": ["$$ROOT", capped]}
        is_open = {"$or": [FREE, UNRECORDED]}
        change: list[Document] = [{"$replaceWith": {"$cond": [is_open, merged, "$$ROOT"]}}]
        await call_mongo(self._entries.update_one({"_id": event_id}, change, upsert=True))


def _held_by(event_id: str, token: str) -> Document:
    return {"_id": event_id, "state": "sending", "token": token}
