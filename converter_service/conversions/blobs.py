"""Port of the blob store. The docstrings are the contract."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from msgspec import Struct


class Stored(Struct, frozen=True):
    """A written blob: `size` in bytes, `sha256` in hex."""

    size: int
    sha256: str


class BlobMissing(Exception):
    """There is no complete blob with this id."""


class WriterFenced(Exception):
    """The blob was completed by `recover` while its writer was still active: nothing can be appended."""


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
