"""The ledger of sent letters in MongoDB: one document an event, moved by one atomic update at a time.

Leases run on the server's clock ($$NOW), so that replicas with different clocks agree who may send.
"""

import secrets
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pymongo import AsyncMongoClient, ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError, PyMongoError

from notification_service.ports import Claim, Granted, Held, LedgerUnavailable, Settled

Document = dict[str, Any]
T = TypeVar("T")

CALL_TIMEOUT = timedelta(seconds=5)


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
    )


class MongoLedger:
    """A SentLedger in the collection `letters`. No address and no text of a letter is kept in it."""

    def __init__(self, database: AsyncDatabase[Document], keep: timedelta) -> None:
        self._letters = database["letters"]
        self._keep = keep

    async def prepare(self) -> None:
        """Makes the index by which MongoDB removes old entries; safe to repeat, also by several at once."""
        await _asked(self._letters.create_index("expires_at", expireAfterSeconds=0, name="expiry"))

    async def ping(self) -> None:
        await _asked(self._letters.database.command("ping"))

    async def claim(self, event_id: str, lease: timedelta) -> Claim:
        token = secrets.token_hex(16)
        free: Document = {
            "_id": event_id,
            "$or": [
                {"state": {"$in": ["waiting", "refused"]}},
                {"state": "sending", "$expr": {"$lte": ["$until", "$$NOW"]}},
            ],
        }
        fields: Document = {
            "state": "sending",
            "token": token,
            "until": _from_now(lease),
            "attempts": {"$ifNull": ["$attempts", 0]},
            "since": {"$ifNull": ["$since", "$$NOW"]},
            "expires_at": _from_now(self._keep),
        }
        try:
            # Where the event has a document that is not free, the upsert meets its _id: DuplicateKeyError.
            entry = await _asked(
                self._letters.find_one_and_update(
                    free, [{"$set": fields}], upsert=True, return_document=ReturnDocument.AFTER
                )
            )
        except DuplicateKeyError:
            return await self._taken(event_id)
        if (
            entry is None
        ):  # the driver's signature allows it; an upsert that returns the new document does not
            raise LedgerUnavailable("no document came back")
        return Granted(token=token, attempts=entry["attempts"], since=entry["since"])

    async def _taken(self, event_id: str) -> Claim:
        seen: list[Document] = await _asked(self._read(event_id))
        if not seen:  # it expired between two calls
            return Held(remaining=timedelta(0))
        if seen[0]["state"] == "sent":
            return Settled()
        return Held(remaining=max(seen[0].get("until", seen[0]["now"]) - seen[0]["now"], timedelta(0)))

    async def _read(self, event_id: str) -> list[Document]:
        pipeline = [{"$match": {"_id": event_id}}, {"$set": {"now": "$$NOW"}}]
        async with await self._letters.aggregate(pipeline) as cursor:
            return await cursor.to_list(1)

    async def sent(self, event_id: str, token: str) -> None:
        fields = {"state": "sent", "sent_at": "$$NOW", "sent_by": token, "expires_at": _from_now(self._keep)}
        change: list[Document] = [{"$set": fields}, {"$unset": ["token", "until", "reason"]}]
        await _asked(self._letters.update_one({"_id": event_id}, change, upsert=True))

    async def postpone(self, event_id: str, token: str) -> None:
        change: Document = {
            "$set": {"state": "waiting"},
            "$inc": {"attempts": 1},
            "$unset": {"token": 1, "until": 1},
        }
        await _asked(self._letters.update_one(_held(event_id, token), change))

    async def refuse(self, event_id: str, token: str, reason: str) -> None:
        change: Document = {
            "$set": {"state": "refused", "reason": reason, "refused_at": datetime.now(UTC)},
            "$unset": {"token": 1, "until": 1, "attempts": 1, "since": 1},
        }
        await _asked(self._letters.update_one(_held(event_id, token), change))


def _held(event_id: str, token: str) -> Document:
    return {"_id": event_id, "state": "sending", "token": token}


def _from_now(span: timedelta) -> Document:
    return {"$add": ["$$NOW", int(span.total_seconds() * 1000)]}


async def _asked(call: Awaitable[T]) -> T:
    """The answer; trouble with the server as LedgerUnavailable, a taken _id as itself."""
    try:
        return await call
    except DuplicateKeyError:
        raise
    except PyMongoError as trouble:
        raise LedgerUnavailable(type(trouble).__name__) from trouble
