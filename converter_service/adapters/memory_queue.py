"""Who waits for a worker, among the conversions in this process's memory."""

from datetime import datetime

from converter_service.adapters.memory import MemoryConversions
from converter_service.conversion import Conversion, State, claimable


class MemoryQueue:
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
