"""Store of webhook endpoints in MongoDB, collection `webhooks`; every change is atomic, with its event."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeAlias, TypeVar

import msgspec
import pymongo
from pymongo import ASCENDING, ReturnDocument
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from notification_service.webhooks.endpoint import Endpoint
from notification_service.webhooks.errors import TooManyWebhooks
from notification_service.webhooks.mongo_outbox import COLLECTION, entry_of
from shared.contracts.webhooks import ChangeWebhook, Reason
from shared.messaging.envelope import Envelope
from shared.mongo import OPERATION_MS, Database, Document, call_mongo

T = TypeVar("T")
Session: TypeAlias = AsyncClientSession


class MongoEndpoints:
    """Endpoints with numbered places; a unique index on them enforces the limit per account."""

    def __init__(self, database: Database) -> None:
        self._webhooks = database["webhooks"]
        self._outbox = database[COLLECTION]
        self._client = database.client

    async def prepare(self) -> None:
        """Creates the index; idempotent, also when run concurrently."""
        keys = [("owner_id", ASCENDING), ("place", ASCENDING)]
        await call_mongo(self._webhooks.create_index(keys, unique=True, name="places"))

    async def add(self, endpoint: Endpoint, limit: int, event: Envelope | None = None) -> None:
        document = _to_document(endpoint)
        for _ in range(limit):  # a concurrent call may take the free place first
            taken = await call_mongo(self._webhooks.distinct("place", {"owner_id": endpoint.owner_id}))
            free = next((place for place in range(limit) if place not in taken), None)
            if free is None:
                break
            if await call_mongo(self._insert_at(document, free, event)):
                return
        raise TooManyWebhooks(limit)

    async def _insert_at(self, document: Document, place: int, event: Envelope | None) -> bool:
        async def insert(session: Session | None) -> bool:
            await self._webhooks.insert_one({**document, "place": place}, session=session)
            return True

        try:
            await self._with_event(insert, event)
        except DuplicateKeyError:
            return await self._webhooks.count_documents({"_id": document["_id"]}) > 0
        return True

    async def list_by_owner(self, owner_id: str) -> Sequence[Endpoint]:
        found = self._webhooks.find({"owner_id": owner_id}).sort([("created_at", -1), ("_id", 1)])
        return [_to_endpoint(each) for each in await call_mongo(found.to_list())]

    async def page(self, after: str, limit: int) -> list[Endpoint]:
        found = self._webhooks.find({"_id": {"$gt": after}}).sort("_id", ASCENDING).limit(limit)
        return [_to_endpoint(each) for each in await call_mongo(found.to_list())]

    async def get(self, endpoint_id: str) -> Endpoint | None:
        found = await call_mongo(self._webhooks.find_one({"_id": endpoint_id}))
        return _to_endpoint(found) if found else None

    async def update(
        self,
        owner_id: str,
        endpoint_id: str,
        change: ChangeWebhook,
        now: datetime,
        *,
        session_id: str = "",
        event: Envelope | None = None,
    ) -> Endpoint | None:
        fields: Document = {}
        if isinstance(change.url, str):
            fields |= {"url": change.url, "session_id": session_id}
        if isinstance(change.events, list):
            fields["events"] = list(dict.fromkeys(change.events))
        update: list[Document] = [{"$set": {name: {"$literal": value} for name, value in fields.items()}}]
        if change.status == "enabled":
            update.append({"$unset": ["disabled_reason", "disabled_at", "failing_since"]})
        elif change.status == "disabled":
            disabled = {"disabled_reason": "asked", "disabled_at": now}
            update.append(
                {"$set": {name: {"$ifNull": [f"${name}", value]} for name, value in disabled.items()}}
            )
        return await self._update_owned(owner_id, endpoint_id, update, event)

    async def rotate_secret(
        self,
        owner_id: str,
        endpoint_id: str,
        secret: str,
        old_until: datetime,
        *,
        event: Envelope | None = None,
    ) -> Endpoint | None:
        fields = {"old_secret": "$secret", "old_secret_until": old_until, "secret": {"$literal": secret}}
        return await self._update_owned(owner_id, endpoint_id, [{"$set": fields}], event)

    async def replace_secret(self, endpoint_id: str, former: str, secret: str) -> bool:
        """Only if it is still `former`: a concurrent rotation wins."""
        unchanged = {"_id": endpoint_id, "secret": former}
        result = await call_mongo(self._webhooks.update_one(unchanged, {"$set": {"secret": secret}}))
        return result.modified_count > 0

    async def _update_owned(
        self, owner_id: str, endpoint_id: str, update: list[Document], event: Envelope | None
    ) -> Endpoint | None:
        filter_ = {"_id": endpoint_id, "owner_id": owner_id}

        async def change(session: Session | None) -> Document | None:
            return await self._webhooks.find_one_and_update(
                filter_, update, return_document=ReturnDocument.AFTER, session=session
            )

        found = await call_mongo(self._with_event(change, event))
        return _to_endpoint(found) if found else None

    async def _with_event(
        self, change: Callable[[Session | None], Awaitable[T]], event: Envelope | None
    ) -> T:
        """Makes a change and stores its event in one transaction; without an event, the change alone. Nothing
        is stored for a change that found no document.
        """
        if event is None:
            return await change(None)
        entry = entry_of(event)

        async def change_and_store(session: Session) -> T:
            changed = await change(session)
            if changed:
                await self._outbox.insert_one(entry, session=session)
            return changed

        with pymongo.timeout(OPERATION_MS / 1000):  # with_transaction repeats for up to two minutes otherwise
            async with self._client.start_session() as session:
                return await session.with_transaction(change_and_store)

    async def delete(self, owner_id: str, endpoint_id: str) -> bool:
        result = await call_mongo(self._webhooks.delete_one({"_id": endpoint_id, "owner_id": owner_id}))
        return result.deleted_count > 0

    async def delete_by_owner(self, owner_id: str) -> None:
        await call_mongo(self._webhooks.delete_many({"owner_id": owner_id}))

    async def clear_failing(self, endpoint_id: str) -> None:
        await call_mongo(self._webhooks.update_one({"_id": endpoint_id}, {"$unset": {"failing_since": ""}}))

    async def mark_failing(self, endpoint_id: str, since: datetime) -> None:
        await call_mongo(self._webhooks.update_one({"_id": endpoint_id}, {"$min": {"failing_since": since}}))

    async def disable(
        self, endpoint_id: str, reason: Reason, now: datetime, failing_since: datetime | None = None
    ) -> bool:
        enabled: Document = {"_id": endpoint_id, "disabled_reason": None}
        if failing_since is not None:
            enabled["failing_since"] = {"$lte": failing_since}
        change = {"$set": {"disabled_reason": reason, "disabled_at": now}}
        return (await call_mongo(self._webhooks.update_one(enabled, change))).modified_count > 0


def _to_document(endpoint: Endpoint) -> Document:
    """Omits fields that are None: $min would compare a time with null."""
    fields: Document = msgspec.to_builtins(endpoint, builtin_types=(datetime,))
    fields["_id"] = fields.pop("id")
    return {name: value for name, value in fields.items() if value is not None}


def _to_endpoint(document: Document) -> Endpoint:
    return msgspec.convert({**document, "id": document["_id"]}, Endpoint)
