"""Messages to webhooks in MongoDB, collection `webhook_deliveries`. Due times run on the server's clock.

A claim is a due time in the future and a token: when its holder dies, the message is simply due again.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from pymongo import ASCENDING, DESCENDING, ReturnDocument, UpdateOne
from pymongo.asynchronous.database import AsyncDatabase

from notification_service.webhooks.delivery import MOST_ATTEMPTS_SHOWN, Delivery, Verdict
from notification_service.webhooks.mongo_calls import Document, from_now, reached
from notification_service.webhooks.ports import Lane
from shared.contracts.webhooks import Attempt, Status

IS_DUE: Document = {"$expr": {"$lte": ["$due_at", "$$NOW"]}}
IS_NEW: Document = {"$eq": [{"$type": "$status"}, "missing"]}


class MongoDeliveries:
    """Deliveries, each kept for `keep` after it was touched last."""

    def __init__(self, database: AsyncDatabase[Document], keep: timedelta) -> None:
        self._deliveries = database["webhook_deliveries"]
        self._keep = keep

    async def prepare(self) -> None:
        """Safe to repeat, also by several at once."""
        keys = (
            ("due", [("status", ASCENDING), ("lane", ASCENDING), ("due_at", ASCENDING)]),
            ("log", [("lane", ASCENDING), ("order", DESCENDING)]),
            ("log_by_status", [("lane", ASCENDING), ("status", ASCENDING), ("order", DESCENDING)]),
        )
        for name, key in keys:
            await reached(self._deliveries.create_index(key, name=name))
        await reached(self._deliveries.create_index("expires_at", expireAfterSeconds=0, name="expiry"))

    async def add(self, deliveries: Sequence[Delivery]) -> None:
        if not deliveries:
            return
        writes = [
            UpdateOne({"_id": each.id}, [{"$replaceWith": self._unless_known(each)}], upsert=True)
            for each in deliveries
        ]
        await reached(self._deliveries.bulk_write(writes, ordered=False))

    def _unless_known(self, delivery: Delivery) -> Document:
        """Due when it says, but no later than now: it was just made, perhaps by a clock that is ahead."""
        due = {"due_at": {"$min": [{"$literal": delivery.due_at}, "$$NOW"]}}
        new = {"$mergeObjects": ["$$ROOT", {"$literal": self._document(delivery)}, due]}
        return {"$cond": [IS_NEW, new, "$$ROOT"]}

    def _document(self, delivery: Delivery) -> Document:
        fields: Document = msgspec.to_builtins(delivery, builtin_types=(datetime,))
        lane = _lane(Lane(fields.pop("owner_id"), fields.pop("endpoint_id")))
        del fields["id"]
        return {**fields, "lane": lane, "expires_at": delivery.created_at + self._keep}

    async def page(
        self, lane: Lane, status: Status | None, before: str | None, limit: int
    ) -> Sequence[Delivery]:
        wanted: Document = {"lane": _lane(lane)}
        if status is not None:
            wanted["status"] = status
        if before is not None:
            wanted["order"] = {"$lt": before}
        found = self._deliveries.find(wanted).sort("order", DESCENDING).limit(limit)
        return [_delivery(each) for each in await reached(found.to_list())]

    async def replay(self, lane: Lane, delivery_id: str) -> Delivery | None:
        on_its_way = {
            "$and": [
                {"$eq": ["$status", "pending"]},
                {"$ne": ["$token", ""]},
                {"$gt": ["$due_at", "$$NOW"]},
            ]
        }
        anew = {
            "status": "pending",
            "due_at": "$$NOW",
            "tries": 0,
            "begun_at": None,
            "token": "",
            "expires_at": from_now(self._keep),
        }
        change = {"$replaceWith": {"$cond": [on_its_way, "$$ROOT", {"$mergeObjects": ["$$ROOT", anew]}]}}
        found = await reached(
            self._deliveries.find_one_and_update(
                {"_id": delivery_id, "lane": _lane(lane)}, [change], return_document=ReturnDocument.AFTER
            )
        )
        return _delivery(found) if found else None

    async def due(self) -> Sequence[Lane]:
        told = await reached(self._deliveries.database.command("hello"))
        names = await reached(self._deliveries.distinct("lane", due_by(told["localTime"])))
        return [Lane(*name.split("/", 1)) for name in names]

    async def claim(self, lane: Lane, lease: timedelta) -> Delivery | None:
        claimed = {
            "token": secrets.token_hex(16),
            "due_at": from_now(lease),
            "tries": {"$add": ["$tries", 1]},
        }
        found = await reached(
            self._deliveries.find_one_and_update(
                {"status": "pending", "lane": _lane(lane), **IS_DUE},
                [{"$set": claimed}],
                sort=[("due_at", ASCENDING)],
                return_document=ReturnDocument.AFTER,
            )
        )
        return _delivery(found) if found else None

    async def settle(self, delivery: Delivery, attempt: Attempt | None, verdict: Verdict) -> bool:
        wanted: Document = {"_id": delivery.id, "status": "pending"}
        if verdict.status != "delivered":
            wanted["token"] = delivery.token
        change = [{"$set": self._settled(attempt, verdict)}]
        settled = await reached(self._deliveries.update_one(wanted, change))
        return settled.matched_count > 0

    def _settled(self, attempt: Attempt | None, verdict: Verdict) -> Document:
        fields: Document = {
            "status": verdict.status,
            "token": "",
            "due_at": from_now(verdict.wait),
            "expires_at": from_now(verdict.wait + self._keep),
        }
        if attempt is not None:
            told = msgspec.to_builtins(attempt, builtin_types=(datetime,))
            all_told = {"$concatArrays": ["$attempts", [{"$literal": told}]]}
            fields["attempts"] = {"$slice": [all_told, -MOST_ATTEMPTS_SHOWN]}
            fields["begun_at"] = {"$ifNull": ["$begun_at", attempt.at]}
        if verdict.status == "delivered":
            fields["delivered_at"] = "$$NOW"
        return fields

    async def remove(self, lane: Lane) -> None:
        await reached(self._deliveries.delete_many({"lane": _lane(lane)}))

    async def forget(self, owner_id: str) -> None:
        # "0" is what follows "/": every lane of this owner, by the index.
        await reached(self._deliveries.delete_many({"lane": {"$gte": f"{owner_id}/", "$lt": f"{owner_id}0"}}))


def due_by(moment: datetime) -> Document:
    """Tells which lanes are worth a claim. `distinct` knows no `$$NOW`, so the server is asked for it before.
    By the index `due` it skips from lane to lane, however much waits in one.
    """
    return {"status": "pending", "due_at": {"$lte": moment}}


def _lane(lane: Lane) -> str:
    return f"{lane.owner_id}/{lane.endpoint_id}"


def _delivery(document: Document) -> Delivery:
    owner_id, endpoint_id = document["lane"].split("/", 1)
    named = {"id": document["_id"], "owner_id": owner_id, "endpoint_id": endpoint_id}
    return msgspec.convert({**document, **named}, Delivery)
