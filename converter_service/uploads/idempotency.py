"""Idempotency keys: an upload that is repeated with its key is answered as before, and stored once.

The key is a field of the conversion's own document, with a unique index. So it is taken when the upload
begins, by exactly one process; it is free again when the upload is removed, by whatever process; and it is
deleted together with the conversion. See docs/decisions.
"""

import contextlib
import hashlib
from dataclasses import dataclass
from datetime import timedelta

from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import ConversionStore, KeyTaken
from converter_service.conversions.transitions.upload import as_accepted, without_idempotency_key
from converter_service.conversions.update import change
from converter_service.errors import UploadInProgress
from converter_service.uploads.body_reader import BodyReader
from converter_service.uploads.source import UploadSource
from shared.clock import Clock
from shared.errors import IdempotencyMismatch

KEPT = timedelta(hours=24)
TRIES = 5


@dataclass(frozen=True, slots=True)
class IdempotencyKeys:
    """Keys are separate for each owner, and for each `call`."""

    store: ConversionStore
    clock: Clock

    async def knows(self, owner_id: str, key: str | None, call: str = "") -> bool:
        """Returns True if the key is in use: the request is a repetition then, and needs no quota."""
        return (
            key is not None and await self.store.by_idempotency_key(key_of(owner_id, key, call)) is not None
        )

    async def add(self, conversion: Conversion) -> Conversion | None:
        """Stores a new conversion and returns None. If its key was used in the last 24 hours, stores nothing
        and returns the earlier conversion as it was when it was accepted.

        Raises UploadInProgress while the earlier upload has not ended.
        """
        earlier = await self.claim(conversion)
        if earlier and earlier.status is State.UPLOADING:
            raise UploadInProgress
        return as_accepted(earlier) if earlier else None

    async def claim(self, conversion: Conversion) -> Conversion | None:
        """Like `add`, but returns the earlier conversion in its present state, also while it is uploading."""
        for _ in range(TRIES):
            try:
                await self.store.add(conversion)
            except KeyTaken:
                earlier = await self.store.by_idempotency_key(str(conversion.idempotency_key))
            else:
                return None
            if earlier is None:
                continue
            if earlier.created_at + KEPT > self.clock():
                return earlier
            with contextlib.suppress(LeaseLost):  # removed meanwhile, together with its key
                await change(self.store, earlier.id, without_idempotency_key)
        raise UploadInProgress


def key_of(owner_id: str, key: str, call: str = "") -> str:
    """The stored form of a key: a SHA-256 in hex of owner, call and key."""
    bare = key.strip('"')
    return hashlib.sha256(f"{owner_id}\n{call}{bare}".encode()).hexdigest()


def refuse_announced(earlier: Conversion, filename: str, again: UploadSource) -> None:
    """Raises IdempotencyMismatch for a difference that shows without reading the body."""
    first = earlier.source
    announced = ((again.announced_size, first.size), (again.announced_sha256, first.sha256))
    if filename != first.filename or any(value not in {None, known} for value, known in announced):
        raise IdempotencyMismatch


async def refuse_other_bytes(earlier: Conversion, body: BodyReader) -> None:
    """Reads the body without storing it. Raises IdempotencyMismatch when it is another video."""
    body.digest_with("sha256")
    async for _ in body:
        pass
    if (body.size, body.digest().hex()) != (earlier.source.size, earlier.source.sha256):
        raise IdempotencyMismatch
