"""Declined mailboxes in MongoDB, collection `declined_mailboxes`, by digest."""

from shared.mongo import Database, call_mongo


class MongoDeclined:
    def __init__(self, database: Database) -> None:
        self._mailboxes = database["declined_mailboxes"]

    async def add(self, mailbox: str) -> None:
        change = [{"$set": {"at": {"$ifNull": ["$at", "$$NOW"]}}}]
        await call_mongo(self._mailboxes.update_one({"_id": mailbox}, change, upsert=True))

    async def contains(self, mailbox: str) -> bool:
        return await call_mongo(self._mailboxes.find_one({"_id": mailbox})) is not None
