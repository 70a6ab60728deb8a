"""Ports of the converter's storage: blobs, conversions, queue. The docstrings are the contract."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from converter_service.conversions.model import Conversion, State
from shared.messaging.envelope import Envelope


class Stored(Struct, frozen=True):
    """A written blob: `size` in bytes, `sha256` in hex."""

    size: int
    sha256: str


class BlobMissing(Exception):
    """There is no complete blob with this id."""


class WriterFenced(Exception):
    """The blob was completed by `recover` while its writer was still active: nothing can be appended."""


class KeyTaken(Exception):
    """Another conversion has the idempotency key."""


class VersionConflict(Exception):
    """The conversion was saved or removed since it was read: read it again."""


class Blobs(Protocol):
    """Binary objects by id. While the store is unreachable, all calls raise Unavailable within seconds."""

    async def write(self, blob_id: str, chunks: AsyncIterator[bytes]) -> Stored:
        """Stores all of `chunks` in constant memory. `blob_id` must be new.

        A failed write leaves nothing behind, also when `chunks` raised or the task was cancelled, unless the
        store is unreachable: then call `delete` later. The blob can be opened only when it is complete.
        """

    async def open(self, blob_id: str, first: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `first` up to, not including, `end` (None: to the last), in chunks of a few MiB.

        Raises BlobMissing before the first chunk, or later when the blob is deleted while it is read.
        """

    async def ids(self, after: str, limit: int) -> Sequence[str]:
        """Ids of complete and incomplete blobs that sort after `after`, in ascending order."""

    async def write_recoverable(self, blob_id: str, chunks: AsyncIterator[bytes]) -> Stored:
        """Like `write`, but a failure keeps the bytes stored so far, for `recover`.

        Once the blob is recovered, the writer cannot change or delete it: this raises WriterFenced.
        """

    async def recover(self, blob_id: str) -> int:
        """Completes the blob of an interrupted `write_recoverable` with the contiguous bytes it has stored.

        Returns its size in bytes, or 0 when nothing is stored (yet): then there is no blob. Idempotent, also
        when called concurrently: returns the size of a blob that is complete.
        """

    async def delete(self, blob_id: str) -> None:
        """Deletes a complete or incomplete blob; does nothing if there is none."""


class ConversionStore(Protocol):
    """Conversions by id. While the store is unreachable, all calls raise Unavailable within seconds."""

    async def add(self, conversion: Conversion) -> None:
        """Adds a new one, durable on return. Raises KeyTaken when another has its idempotency key."""

    async def by_idempotency_key(self, idempotency_key: str) -> Conversion | None:
        """The conversion with this idempotency key."""

    async def get(self, conversion_id: str) -> Conversion | None:
        """The newest value, also of a deleted conversion."""

    async def save(self, conversion: Conversion, *events: Envelope) -> Conversion:
        """Replaces the stored value and stores `events` in the outbox, in one atomic write.

        Returns the conversion with its new version. Raises VersionConflict unless `conversion` was made from
        the newest value.
        """

    async def remove(self, conversion_id: str) -> None:
        """Removes the record and its unpublished events; does nothing if there is none."""

    async def page(
        self, owner_id: str | None, status: State | None, before_id: str | None, limit: int
    ) -> Sequence[Conversion]:
        """Conversions that are not deleted, of one owner or all (None), newest first, older than `before_id`.

        Without partial uploads (see `partial_uploads`), and without the segments of uploads, of which there
        may be thousands.
        """

    async def partial_uploads(self, owner_id: str, limit: int) -> Sequence[Conversion]:
        """Partial uploads of one owner that are not deleted."""

    async def by_result_cache_key(self, owner_id: str, cache_key: str) -> Conversion | None:
        """The newest completed conversion of this owner with this key that is not deleted."""

    async def referenced_blobs(self, blob_ids: Sequence[str]) -> Collection[str]:
        """The blobs among them that some conversion refers to, deleted conversions included."""

    async def due(self, now: datetime, limit: int) -> Sequence[Conversion]:
        """Conversions whose `due_at` has passed, longest due first.

        An invalid record is skipped and postponed by some minutes.
        """


class Usage(Struct, frozen=True):
    """What an account uses: bytes stored or reserved, and conversions uploading, queued or converting."""

    bytes: int
    conversions: int


class Queue(Protocol):
    """Queries about queued conversions and about the usage of accounts.

    While the store is unreachable, all calls raise Unavailable within seconds.
    """

    async def next(self, now: datetime, after_owner: str) -> Conversion | None:
        """The oldest claimable conversion of the first account whose id sorts after `after_owner`.

        Claimable: queued, not deleted, and past `retry_at`. None when no later account has one.
        """

    async def running(self, owner_id: str) -> int:
        """Number of the account's conversions that are converting."""

    async def length(self, at_most: int) -> int:
        """Number of queued conversions, counted up to `at_most`."""

    async def usage(self, owner_id: str) -> Usage:
        """Current usage, without deleted and expired conversions."""
