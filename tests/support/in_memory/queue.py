"""Queue queries over the in-memory conversion store."""

from datetime import datetime

from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import Usage
from converter_service.conversions.transitions.queue import claimable
from tests.support.in_memory.conversions import MemoryConversions


class MemoryQueue:
    """Implements Queue."""

    def __init__(self, conversions: MemoryConversions) -> None:
        self._conversions = conversions

    async def next(self, now: datetime, after_owner: str) -> Conversion | None:
        ready = (
            each
            for each in self._conversions.contents.values()
            if each.status is State.QUEUED and claimable(each, now) and each.owner_id > after_owner
        )
        return min(ready, key=lambda each: (each.owner_id, each.id), default=None)

    async def running(self, owner_id: str) -> int:
        return sum(
            each.owner_id == owner_id and each.status is State.CONVERTING
            for each in self._conversions.contents.values()
        )

    async def length(self, at_most: int) -> int:
        queued = sum(each.status is State.QUEUED for each in self._conversions.contents.values())
        return min(queued, at_most)

    async def usage(self, owner_id: str) -> Usage:
        own = [each for each in self._conversions.contents.values() if each.owner_id == owner_id]
        under_way = {State.UPLOADING, State.QUEUED, State.CONVERTING}
        return Usage(
            bytes=sum(each.held_bytes for each in own),
            conversions=sum(each.status in under_way and each.deleted_at is None for each in own),
        )
