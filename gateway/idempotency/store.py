"""The store of idempotency records: the interface of its implementations in memory and in Redis."""

from datetime import timedelta
from typing import Protocol


class IdempotencyStore(Protocol):
    """Small records by name, each with an expiry. Every method raises Unavailable when the store cannot be
    reached: a request with an Idempotency-Key is refused rather than handled twice.
    """

    async def claim(self, name: str, record: bytes, keep: timedelta) -> bytes | None:
        """Writes `record` and returns None when there is no record of this name; returns the existing record
        otherwise. Atomic.
        """

    async def put(self, name: str, record: bytes, keep: timedelta) -> None:
        """Writes or replaces a record."""

    async def drop(self, name: str) -> None:
        """Deletes a record, if there is one."""

    def close(self) -> None:
        """Closes the connections. No method is called afterwards."""
