"""Webhooks in MongoDB, collection `webhooks`: one document each, changed by one atomic update at a time."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from pymongo import ASCENDING, ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from notification_service.webhooks.endpoint import Endpoint
from notification_service.webhooks.mongo_calls import Document, reached
from notification_service.webhooks.ports import EndpointChange, TooManyWebhooks
from shared.contracts.webhooks import Reason

ENABLED = {"disabled_reason": "", "disabled_at": "", "failing_since": ""}


class MongoEndpoints:
    """Endpoints that take numbered places: a unique index keeps an account from having too many."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._webhooks = database["webhooks"]

    async def prepare(self) -> None:
        """Safe to repeat, also by several at once."""
        keys = [("owner_id", ASCENDING), ("place", ASCENDING)]
        await reached(self._webhooks.create_index(keys, unique=True, name="places"))

    async def add(self, endpoint: Endpoint, most: int) -> None:
        document = _document(endpoint)
        for _ in range(most):  # somebody else may take the place that was free
            taken = await reached(self._webhooks.distinct("place", {"owner_id": endpoint.owner_id}))
            free = next((place for place in range(most) if place not in taken), None)
            if free is None:
                break
            if await reached(self._takes(document, free)):
                return
        raise TooManyWebhooks(most)

    async def _takes(self, document: Document, place: int) -> bool:
        try:
            await self._webhooks.insert_one({**document, "place": place})
        except DuplicateKeyError:
            return await self._webhooks.count_documents({"_id": document["_id"]}) > 0
        return True

    async def of(self, owner_id: str) -> Sequence[Endpoint]:
        found = self._webhooks.find({"owner_id": owner_id}).sort([("created_at", -1), ("_id", 1)])
        return [_endpoint(each) for each in await reached(found.to_list())]

    async def get(self, endpoint_id: str) -> Endpoint | None:
        found = await reached(self._webhooks.find_one({"_id": endpoint_id}))
        return _endpoint(found) if found else None

    async def change(
        self, owner_id: str, endpoint_id: str, change: EndpointChange, now: datetime
    ) -> Endpoint | None:
        fields: Document = {}
        if isinstance(change.url, str):
            fields["url"] = change.url
        if isinstance(change.events, tuple):
            fields["events"] = list(change.events)
        update: list[Document] = [{"$set": {name: {"$literal": value} for name, value in fields.items()}}]
        if change.disabled_reason is None:
            update.append({"$unset": list(ENABLED)})
        elif isinstance(change.disabled_reason, str):
            # One that is disabled already stays so for the reason and since the time that it was.
            was = {"disabled_reason": change.disabled_reason, "disabled_at": now}
            update.append({"$set": {name: {"$ifNull": [f"${name}", value]} for name, value in was.items()}})
        return await self._changed(owner_id, endpoint_id, update)

    async def change_secret(
        self, owner_id: str, endpoint_id: str, secret: str, old_until: datetime
    ) -> Endpoint | None:
        fields = {"old_secret": "$secret", "old_secret_until": old_until, "secret": {"$literal": secret}}
        return await self._changed(owner_id, endpoint_id, [{"$set": fields}])

    async def _changed(self, owner_id: str, endpoint_id: str, update: list[Document]) -> Endpoint | None:
        mine = {"_id": endpoint_id, "owner_id": owner_id}
        changing = self._webhooks.find_one_and_update(mine, update, return_document=ReturnDocument.AFTER)
        found = await reached(changing)
        return _endpoint(found) if found else None

    async def remove(self, owner_id: str, endpoint_id: str) -> bool:
        gone = await reached(self._webhooks.delete_one({"_id": endpoint_id, "owner_id": owner_id}))
        return gone.deleted_count > 0

    async def forget(self, owner_id: str) -> None:
        await reached(self._webhooks.delete_many({"owner_id": owner_id}))

    async def worked(self, endpoint_id: str) -> None:
        await reached(self._webhooks.update_one({"_id": endpoint_id}, {"$unset": {"failing_since": ""}}))

    async def failed(self, endpoint_id: str, at: datetime) -> None:
        await reached(self._webhooks.update_one({"_id": endpoint_id}, {"$min": {"failing_since": at}}))

    async def disable(
        self, endpoint_id: str, reason: Reason, now: datetime, failing_since: datetime | None = None
    ) -> bool:
        enabled: Document = {"_id": endpoint_id, "disabled_reason": None}
        if failing_since is not None:
            enabled["failing_since"] = {"$lte": failing_since}
        change = {"$set": {"disabled_reason": reason, "disabled_at": now}}
        return (await reached(self._webhooks.update_one(enabled, change))).modified_count > 0


def _document(endpoint: Endpoint) -> Document:
    """What is None is left out: an update that takes the earlier of two times must not meet it."""
    fields: Document = msgspec.to_builtins(endpoint, builtin_types=(datetime,))
    fields["_id"] = fields.pop("id")
    return {name: value for name, value in fields.items() if value is not None}


def _endpoint(document: Document) -> Endpoint:
    return msgspec.convert({**document, "id": document["_id"]}, Endpoint)
