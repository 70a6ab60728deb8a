"""Idempotency records in the memory of one process, for a single gateway."""

import time
from collections import OrderedDict
from datetime import timedelta

MAX_RECORDS = 10_000


class MemoryIdempotencyStore:
    """An IdempotencyStore that drops the oldest records above `max_records`."""

    def __init__(self, max_records: int = MAX_RECORDS) -> None:
        self._max_records = max_records
        self._records: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    async def claim(self, name: str, record: bytes, keep: timedelta) -> bytes | None:
        found = self._records.get(name)
        if found is not None and found[1] > time.monotonic():
            return found[0]
        await self.put(name, record, keep)
        return None

    async def put(self, name: str, record: bytes, keep: timedelta) -> None:
        self._records[name] = record, time.monotonic() + keep.total_seconds()
        self._records.move_to_end(name)
        while len(self._records) > self._max_records:
            self._records.popitem(last=False)

    async def drop(self, name: str) -> None:
        self._records.pop(name, None)

    def close(self) -> None:
        return None
