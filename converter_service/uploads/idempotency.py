"""The same upload sent again with its Idempotency-Key: recognised, answered the same, never stored twice.

The key stands in the conversion's own document, under a unique index. So it is taken the moment the upload
begins, by exactly one of any number of processes; it is free again when the upload comes to nothing, whoever
cleans up after it; and it goes with the conversion when that is deleted. See docs/decisions.
"""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Protocol

from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import ConversionStore, KeyTaken
from converter_service.conversions.transitions.upload import as_accepted, without_idempotency_key
from converter_service.conversions.update import change
from converter_service.errors import UploadInProgress
from shared.clock import Clock
from shared.errors import IdempotencyMismatch

KEPT = timedelta(hours=24)
TRIES = 5


class Sent(Protocol):
    """What is known of a body before it is read; None where nothing is."""

    @property
    def announced_size(self) -> int | None: ...

    @property
    def announced_sha256(self) -> str | None: ...


class Repeats:
    """One's own only: a key is nothing without its owner."""

    def __init__(self, store: ConversionStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def knows(self, owner_id: str, key: str | None, call: str = "") -> bool:
        """Whether there is something to be repeated: it needs no room of its own."""
        return (
            key is not None and await self._store.by_idempotency_key(key_of(owner_id, key, call)) is not None
        )

    async def add(self, conversion: Conversion) -> Conversion | None:
        """Stores a new conversion and returns None; or stores nothing, and returns the one that its key was
        used for in the last 24 hours. Raises StillUploading when that one is not there yet.
        """
        earlier = await self.claim(conversion)
        return _settled(earlier) if earlier else None

    async def claim(self, conversion: Conversion) -> Conversion | None:
        """The same, and the earlier one as it is now."""
        for _ in range(TRIES):
            try:
                await self._store.add(conversion)
            except KeyTaken:
                earlier = await self._store.by_idempotency_key(str(conversion.idempotency_key))
            else:
                return None
            if earlier is None:
                continue
            if earlier.created_at + KEPT > self._clock():
                return earlier
            await self._give_free(earlier)
        raise UploadInProgress

    async def _give_free(self, conversion: Conversion) -> None:
        try:
            await change(self._store, conversion.id, without_idempotency_key)
        except LeaseLost:
            return  # it is gone altogether, and its key with it


def key_of(owner_id: str, key: str, call: str = "") -> str:
    """As it is stored: nobody's key is another's, nor another call's, and none can be read."""
    bare = key.strip('"')
    return hashlib.sha256(f"{owner_id}\n{call}{bare}".encode()).hexdigest()


def _settled(earlier: Conversion) -> Conversion:
    if earlier.status is State.UPLOADING:
        raise UploadInProgress
    return as_accepted(earlier)


def refuse_announced(earlier: Conversion, filename: str, sent: Sent) -> None:
    """Raises IdempotencyMismatch for what can be told apart without reading the body."""
    source = earlier.source
    announced = ((sent.announced_size, source.size), (sent.announced_sha256, source.sha256))
    if filename != source.filename or any(said not in {None, known} for said, known in announced):
        raise IdempotencyMismatch


async def refuse_other_bytes(earlier: Conversion, body: AsyncIterator[bytes]) -> None:
    """Reads it all and keeps nothing. Raises IdempotencyMismatch when it is another video."""
    size, seen = 0, hashlib.sha256()
    async for piece in body:
        size += len(piece)
        seen.update(piece)
    if (size, seen.hexdigest()) != (earlier.source.size, earlier.source.sha256):
        raise IdempotencyMismatch
