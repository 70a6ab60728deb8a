"""What the use-cases need from outside: bytes, conversions, a transcoder. The docstrings are the contract."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from converter_service.conversions.model import Conversion, State
from converter_service.media.transcoder import Transcoder
from shared.messaging.envelope import Envelope

__all__ = [
    "BlobMissing",
    "Blobs",
    "Checkpoint",
    "ConversionStore",
    "KeyTaken",
    "Queue",
    "Stored",
    "Transcoder",
    "Usage",
    "VersionConflict",
    "WriterFenced",
]


class Stored(Struct, frozen=True):
    """What a write has put away: `size` in bytes, `sha256` in hex."""

    size: int
    sha256: str


class BlobMissing(Exception):
    """Nothing (whole) is stored under this id."""


class WriterFenced(Exception):
    """Somebody took the writer of this blob for dead, and closed it: nothing more can be added."""


class KeyTaken(Exception):
    """Another conversion holds the idempotency key."""


class VersionConflict(Exception):
    """Somebody saved the conversion in between, or it is gone: read it again."""


class Blobs(Protocol):
    """Bytes by id. While the store cannot be reached, all calls raise Unavailable within seconds."""

    async def write(self, blob_id: str, chunks: AsyncIterator[bytes]) -> Stored:
        """Store what `chunks` gives, in flat memory. `blob_id` must be new.

        A write that fails leaves nothing behind, also when `chunks` raised or the task was cancelled. The one
        exception is a store out of reach: then it takes a `delete` later. Nothing can be opened before it is
        whole.
        """

    async def open(self, blob_id: str, first: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `first` up to, not including, `end` (None: all), in pieces of at most some MiB.

        Raises BlobMissing before the first piece, or in the middle when the blob is deleted meanwhile.
        """

    async def ids(self, after: str, limit: int) -> Sequence[str]:
        """Of what is stored, whole or in parts: in their order, those after `after`."""

    async def write_recoverable(self, blob_id: str, chunks: AsyncIterator[bytes]) -> Stored:
        """Like `write`, but one that fails leaves what it has stored by then, for `recover`.

        Nothing it does after the blob was salvaged can change or remove those bytes: it raises WriterFenced.
        """

    async def recover(self, blob_id: str) -> int:
        """Makes a whole blob of the contiguous bytes that an interrupted `write_recoverable` has stored.

        Returns how many; they are as durable as anything written. 0 when there are none (yet): then there is
        no blob.

        Of a whole blob its size: any number may salvage the same blob, and be told the same.
        """

    async def delete(self, blob_id: str) -> None:
        """Nothing is left of it, whole or half-written. Deleting what is not there is no error."""


class ConversionStore(Protocol):
    """Conversions by id. While it cannot be reached, all calls raise Unavailable within seconds."""

    async def add(self, conversion: Conversion) -> None:
        """A new one, durable when this returns. Raises KeyTaken when its idempotency key is another's."""

    async def by_idempotency_key(self, idempotency_key: str) -> Conversion | None:
        """The one that holds this key."""

    async def get(self, conversion_id: str) -> Conversion | None:
        """The newest value, deleted ones included."""

    async def save(self, conversion: Conversion, *events: Envelope) -> Conversion:
        """Replace the value `conversion` was made from, and store `events` for the relay: both or neither.

        Returns it with its new version. Raises VersionConflict when that is no longer the newest value.
        """

    async def remove(self, conversion_id: str) -> None:
        """Forget it and its unpublished events. What is not there is no error."""

    async def page(
        self, owner_id: str | None, status: State | None, before_id: str | None, limit: int
    ) -> Sequence[Conversion]:
        """Conversions that are not deleted, of one owner or all (None), newest first, older than `before_id`.

        Without partial uploads (see `partial_uploads`), and without the segments of uploads, of which there
        may be thousands.
        """

    async def partial_uploads(self, owner_id: str, limit: int) -> Sequence[Conversion]:
        """One owner's partial uploads that are not deleted."""

    async def by_result_cache_key(self, owner_id: str, cache_key: str) -> Conversion | None:
        """A completed conversion of this owner, not deleted, whose audio was made after this recipe."""

    async def referenced(self, blob_ids: Sequence[str]) -> Collection[str]:
        """Those of them that stand in a conversion's record, deleted ones included."""

    async def due(self, now: datetime, limit: int) -> Sequence[Conversion]:
        """Those whose `due_at` has come, longest due first. One that cannot be read is left out, and is not
        due again for a while.
        """


class Usage(Struct, frozen=True):
    """What an account has: bytes stored or announced, and conversions uploading, waiting or running."""

    bytes: int
    conversions: int


class Checkpoint(Protocol):
    """How far a walk has come that all processes take together. All calls raise Unavailable."""

    async def claim(self, now: datetime, not_before: datetime) -> str | None:
        """The place to go on from, at first an empty one, or None when it is not time yet.

        Nobody else gets it before `not_before`, or what `advance` says.
        """

    async def advance(self, place: str, not_before: datetime) -> None:
        """The next to take it goes on from here."""


class Queue(Protocol):
    """Who waits for a worker, and how much everybody has.

    While it cannot be reached, all calls raise Unavailable within seconds.
    """

    async def next(self, now: datetime, after_owner: str) -> Conversion | None:
        """The oldest of the next account that has one ready, in the order of accounts after `after_owner`.

        Ready is what is queued, not deleted, and has rested. None when no account after that one has any.
        """

    async def running(self, owner_id: str) -> int:
        """How many of an account are being converted."""

    async def length(self, at_most: int) -> int:
        """How many are queued; counts no further than `at_most`."""

    async def usage(self, owner_id: str) -> Usage:
        """Summed up at this moment; what is deleted or expired does not count."""
