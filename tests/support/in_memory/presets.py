"""Presets in memory."""

from msgspec.structs import replace

from converter_service.presets.model import PresetBook
from converter_service.presets.ports import PresetConflict


class MemoryPresets:
    """Implements PresetStore."""

    def __init__(self) -> None:
        self._books: dict[str, PresetBook] = {}

    async def get(self, owner_id: str) -> PresetBook:
        return self._books.get(owner_id, PresetBook(owner_id))

    async def save(self, book: PresetBook) -> None:
        if book.version != (await self.get(book.owner_id)).version:
            raise PresetConflict
        self._books[book.owner_id] = replace(book, version=book.version + 1)

    async def remove(self, owner_id: str) -> None:
        self._books.pop(owner_id, None)
