"""Store of deliveries in MongoDB, collection `webhook_deliveries`. Due times use the clock of the server.

A claim sets a token and a due time in the future: if its holder dies, the delivery becomes due again. A due
delivery with a token was not settled by its holder: it waits once more, since the record may be on its way.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from pymongo import ASCENDING, DESCENDING, ReturnDocument, UpdateOne

from notification_service.webhooks.delivery import MAX_ATTEMPTS_KEPT, Delivery
from notification_service.webhooks.ports import Lane
from notification_service.webhooks.retry_policy import Outcome
from shared.contracts.webhooks import Attempt, DeliveryStatus
from shared.mongo import Database, Document, call_mongo, from_now

# Token of a delivery whose claim expired without a record.
LAPSED = "lapsed"


class MongoDeliveries:
    """Deliveries that expire `keep` after their last change.

    After an expired claim the record of its holder may still arrive for the time `handover`.
    """

    def __init__(self, database: Database, keep: timedelta, handover: timedelta = timedelta()) -> None:
        self._deliveries = database["webhook_deliveries"]
        self._keep, self._handover = keep, handover

    async def prepare(self) -> None:
        """Creates the indexes; idempotent, also when run concurrently."""
        keys = (
            ("due", [("status", ASCENDING), ("lane", ASCENDING), ("due_at", ASCENDING)]),
            ("log", [("lane", ASCENDING), ("order", DESCENDING)]),
            ("log_by_status", [("lane", ASCENDING), ("status", ASCENDING), ("order", DESCENDING)]),
        )
        for name, key in keys:
            await call_mongo(self._deliveries.create_index(key, name=name))
        await call_mongo(self._deliveries.create_index("expires_at", expireAfterSeconds=0, name="expiry"))

    async def add(self, deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            writes = [
                UpdateOne({"_id": each.id}, [{"$replaceWith": self._insert_if_new(each)}], upsert=True)
                for each in deliveries
            ]
            await call_mongo(self._deliveries.bulk_write(writes, ordered=False))

    def _insert_if_new(self, delivery: Delivery) -> Document:
        """Returns a $replaceWith expression. `due_at` is at most $$NOW: a caller's clock may be ahead."""
        fields: Document = msgspec.to_builtins(delivery, builtin_types=(datetime,))
        lane = _lane_key(Lane(fields.pop("owner_id"), fields.pop("endpoint_id")))
        del fields["id"]
        document = {**fields, "lane": lane, "expires_at": delivery.created_at + self._keep}
        due = {"due_at": {"$min": [{"$literal": delivery.due_at}, "$$NOW"]}}
        is_new = {"$eq": [{"$type": "$status"}, "missing"]}
        return {"$cond": [is_new, {"$mergeObjects": ["$$ROOT", {"$literal": document}, due]}, "$$ROOT"]}

    async def list_page(
        self, lane: Lane, status: DeliveryStatus | None, before: str | None, limit: int
    ) -> Sequence[Delivery]:
        wanted: Document = {"lane": _lane_key(lane)}
        if status is not None:
            wanted["status"] = status
        if before is not None:
            wanted["order"] = {"$lt": before}
        found = self._deliveries.find(wanted).sort("order", DESCENDING).limit(limit)
        return [_to_delivery(each) for each in await call_mongo(found.to_list())]

    async def replay(self, lane: Lane, delivery_id: str) -> Delivery | None:
        is_claimed = {
            "$and": [
                {"$eq": ["$status", "pending"]},
                {"$ne": ["$token", ""]},
                {"$gt": ["$due_at", "$$NOW"]},
            ]
        }
        reset = {
            "status": "pending",
            "due_at": "$$NOW",
            "tries": 0,
            "begun_at": None,
            "token": "",
            "by_hand": True,
            "expires_at": from_now(self._keep),
        }
        change = {"$replaceWith": {"$cond": [is_claimed, "$$ROOT", {"$mergeObjects": ["$$ROOT", reset]}]}}
        return await self._update_oldest({"_id": delivery_id, "lane": _lane_key(lane)}, change)

    async def due_lanes(self) -> Sequence[Lane]:
        server = await call_mongo(self._deliveries.database.command("hello"))
        names = await call_mongo(self._deliveries.distinct("lane", due_filter(server["localTime"])))
        return [Lane(*name.split("/", 1)) for name in names]

    async def claim(self, lane: Lane, lease: timedelta, *, takeover: bool = True) -> Delivery | None:
        waits = bool(self._handover) or not takeover
        is_lapsing = {"$and": [{"$not": {"$in": ["$token", ["", LAPSED]]}}, waits]}
        claimed = {
            "token": {"$cond": [is_lapsing, LAPSED, secrets.token_hex(16)]},
            "due_at": {"$cond": [is_lapsing, from_now(self._handover), from_now(lease)]},
            "tries": {"$cond": [is_lapsing, "$tries", {"$add": ["$tries", 1]}]},
        }
        wanted: Document = {
            "status": "pending",
            "lane": _lane_key(lane),
            "$expr": {"$lte": ["$due_at", "$$NOW"]},
        }
        if not takeover:
            wanted["token"] = {"$ne": LAPSED}
        found = await self._update_oldest(wanted, {"$set": claimed})
        return found if found and found.token != LAPSED else None

    async def _update_oldest(self, wanted: Document, change: Document) -> Delivery | None:
        """Changes the matching delivery that has been due longest and returns its new state."""
        call = self._deliveries.find_one_and_update(
            wanted, [change], sort=[("due_at", ASCENDING)], return_document=ReturnDocument.AFTER
        )
        found = await call_mongo(call)
        return _to_delivery(found) if found else None

    async def complete(self, delivery: Delivery, attempt: Attempt | None, outcome: Outcome) -> bool:
        wanted: Document = {"_id": delivery.id, "status": "pending", "token": delivery.token}
        if outcome.status == "delivered":
            del wanted["token"]
        return await self._settle(wanted, attempt, outcome)

    async def record_delivered(self, delivery_id: str, attempt: Attempt) -> None:
        wanted: Document = {"_id": delivery_id, "status": "pending"}
        await self._settle(wanted, attempt, Outcome(status="delivered"))

    async def _settle(self, wanted: Document, attempt: Attempt | None, outcome: Outcome) -> bool:
        fields: Document = {
            "status": outcome.status,
            "token": "",
            "due_at": from_now(outcome.wait),
            "expires_at": from_now(outcome.wait + self._keep),
        }
        if attempt is not None:
            stored = msgspec.to_builtins(attempt, builtin_types=(datetime,))
            all_attempts = {"$concatArrays": ["$attempts", [{"$literal": stored}]]}
            fields["attempts"] = {"$slice": [all_attempts, -MAX_ATTEMPTS_KEPT]}
            fields["begun_at"] = {"$ifNull": ["$begun_at", attempt.at]}
        if outcome.status == "delivered":
            fields["delivered_at"] = "$$NOW"
        completed = await call_mongo(self._deliveries.update_one(wanted, [{"$set": fields}]))
        return completed.matched_count > 0

    async def delete_lane(self, lane: Lane) -> None:
        await call_mongo(self._deliveries.delete_many({"lane": _lane_key(lane)}))

    async def delete_by_owner(self, owner_id: str) -> None:
        # "0" follows "/" in ASCII: the range covers every lane of the owner and uses the index.
        await call_mongo(
            self._deliveries.delete_many({"lane": {"$gte": f"{owner_id}/", "$lt": f"{owner_id}0"}})
        )


def due_filter(moment: datetime) -> Document:
    """Filter of deliveries that are due at `moment`, for `distinct`, which does not support $$NOW.

    With the index `due`, `distinct` skips from lane to lane and does not scan the deliveries of a lane.
    """
    return {"status": "pending", "due_at": {"$lte": moment}}


def _lane_key(lane: Lane) -> str:
    return f"{lane.owner_id}/{lane.endpoint_id}"


def _to_delivery(document: Document) -> Delivery:
    owner_id, endpoint_id = document["lane"].split("/", 1)
    named = {"id": document["_id"], "owner_id": owner_id, "endpoint_id": endpoint_id}
    return msgspec.convert({**document, **named}, Delivery)
