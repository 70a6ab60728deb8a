"""The ledger of sent letters in MongoDB: one document an event, moved by one atomic update at a time.

Leases run on the server's clock ($$NOW), so that replicas with different clocks agree who may send.
"""

import secrets
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from pymongo import AsyncMongoClient, ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from notification_service.email.ports import Claim, Granted, Held, LedgerUnavailable, Settled
from shared.tasks import no_cancellation_lost

Document = dict[str, Any]
T = TypeVar("T")

CALL_TIMEOUT = timedelta(seconds=5)

# Whether the right to send is nobody's: a new entry (no state yet), one given back, or a lapsed lease.
FREE = {
    "$or": [
        {"$in": [{"$ifNull": ["$state", "new"]}, ["new", "waiting", "refused"]]},
        {"$and": [{"$eq": ["$state", "sending"]}, {"$lte": ["$until", "$$NOW"]}]},
    ]
}
REMAINING_MS = {"$max": [{"$subtract": ["$until", "$$NOW"]}, 0]}


def connect(url: str) -> AsyncMongoClient[Document]:
    """A client whose every wait is bounded; it connects when first used."""
    milliseconds = int(CALL_TIMEOUT.total_seconds() * 1000)
    return AsyncMongoClient(
        url,
        tz_aware=True,
        tzinfo=UTC,
        timeoutMS=milliseconds,
        serverSelectionTimeoutMS=milliseconds,
        appname="tonegate-notification",
        retryWrites=True,
        w="majority",
        journal=True,
        readConcernLevel="majority",
    )


class MongoLedger:
    """A SentLedger in the collection `letters`. No address and no text of a letter is kept in it."""

    def __init__(self, database: AsyncDatabase[Document], keep: timedelta) -> None:
        self._letters = database["letters"]
        self._keep = keep

    async def prepare(self) -> None:
        """Makes the index by which MongoDB removes old entries; safe to repeat, also by several at once."""
        await asked(self._letters.create_index("expires_at", expireAfterSeconds=0, name="expiry"))

    async def ping(self) -> None:
        await asked(self._letters.database.command("ping"))

    async def claim(self, event_id: str, lease: timedelta) -> Claim:
        token = secrets.token_hex(16)
        entry = await asked(self._take(event_id, token, lease))
        if entry["state"] == "sent":
            return Settled()
        if entry["token"] != token:
            return Held(remaining=timedelta(milliseconds=entry["remaining_ms"]))
        return Granted(token=token, attempts=entry["attempts"], since=entry["since"])

    async def _take(self, event_id: str, token: str, lease: timedelta) -> Document:
        """The entry as it is afterwards; ours if it was free. An upsert with a condition in its filter cannot
        look at the server's clock, so the condition is in the change.
        """
        taken = {
            "state": "sending",
            "token": token,
            "until": _from_now(lease),
            "attempts": {"$ifNull": ["$attempts", 0]},
            "since": {"$ifNull": ["$since", "$$NOW"]},
            "expires_at": _from_now(self._keep),
        }
        entry = await self._letters.find_one_and_update(
            {"_id": event_id},
            [{"$replaceWith": {"$cond": [FREE, {"$mergeObjects": ["$$ROOT", taken]}, "$$ROOT"]}}],
            {"state": 1, "token": 1, "attempts": 1, "since": 1, "remaining_ms": REMAINING_MS},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return cast("Document", entry)  # never None: an upsert that returns what it left behind

    async def sent(self, event_id: str, token: str) -> None:
        fields = {"state": "sent", "sent_at": "$$NOW", "sent_by": token, "expires_at": _from_now(self._keep)}
        change: list[Document] = [{"$set": fields}, {"$unset": ["token", "until", "reason"]}]
        await asked(self._letters.update_one({"_id": event_id}, change, upsert=True))

    async def postpone(self, event_id: str, token: str) -> None:
        change: Document = {
            "$set": {"state": "waiting"},
            "$inc": {"attempts": 1},
            "$unset": {"token": 1, "until": 1},
        }
        await asked(self._letters.update_one(_held(event_id, token), change))

    async def refuse(self, event_id: str, token: str, reason: str) -> None:
        change: Document = {
            "$set": {"state": "refused", "reason": reason, "refused_at": datetime.now(UTC)},
            "$unset": {"token": 1, "until": 1, "attempts": 1, "since": 1},
        }
        await asked(self._letters.update_one(_held(event_id, token), change))


def _held(event_id: str, token: str) -> Document:
    return {"_id": event_id, "state": "sending", "token": token}


def _from_now(span: timedelta) -> Document:
    return {"$add": ["$$NOW", int(span.total_seconds() * 1000)]}


async def asked(call: Awaitable[T]) -> T:
    """The answer, or LedgerUnavailable."""
    try:
        with no_cancellation_lost():
            return await call
    except PyMongoError as trouble:
        raise LedgerUnavailable(type(trouble).__name__) from trouble
