"""Presets in MongoDB: one document for each account."""

import msgspec
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from converter_service.presets.model import PresetBook
from converter_service.presets.ports import PresetConflict
from shared.mongo import Database, Document, mongo_errors


class MongoPresets:
    """Implements PresetStore."""

    def __init__(self, database: Database) -> None:
        self._documents: AsyncCollection[Document] = database["presets"]

    async def get(self, owner_id: str) -> PresetBook:
        with mongo_errors():
            found = await self._documents.find_one({"_id": owner_id})
        if found is None:
            return PresetBook(owner_id)
        return msgspec.convert({"owner_id": found.pop("_id"), **found}, PresetBook)

    async def save(self, book: PresetBook) -> None:
        """The first save inserts: a filter with a version that is not there would make a duplicate key."""
        document = {"presets": msgspec.to_builtins(book.presets), "version": book.version + 1}
        try:
            with mongo_errors():
                saved = await self._documents.replace_one(
                    {"_id": book.owner_id, "version": book.version}, document, upsert=book.version == 0
                )
        except DuplicateKeyError:
            raise PresetConflict from None
        if saved.matched_count == 0 and saved.upserted_id is None:
            raise PresetConflict

    async def remove(self, owner_id: str) -> None:
        with mongo_errors():
            await self._documents.delete_one({"_id": owner_id})
