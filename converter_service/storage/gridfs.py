"""Blobs in GridFS, in the layout of the GridFS specification, so that other GridFS tools can read them.

https://github.com/mongodb/specifications/blob/master/source/gridfs/gridfs-spec.md

AsyncGridFSBucket is not used: it buffers 32 MiB of chunks before the first insert (233 MiB resident for one
upload), does not insert while it waits for bytes, and reads 16 MiB at a time.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence

import pymongo
from bson import Int64
from pymongo import ASCENDING
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from converter_service.conversions.blobs import BlobMissing, Stored, WriterFenced
from converter_service.storage.gridfs_reader import contiguous_size, read_range
from converter_service.storage.gridfs_writer import CHUNK_BYTES, TRANSFER_TIMEOUT_S, ChunkWriter
from shared.clock import Clock
from shared.errors import Unavailable
from shared.mongo import Database, Document, mongo_errors

CLEAN_UP_TIMEOUT_S = 2.0


class GridFSBlobs:
    """Implements Blobs. A blob is complete once its `fs.files` document exists, which is written last."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._files: AsyncCollection[Document] = database["fs.files"]
        self._chunks: AsyncCollection[Document] = database["fs.chunks"]
        self._clock = clock

    async def prepare(self) -> None:
        """Creates the indexes of the GridFS specification. Idempotent."""
        with mongo_errors():
            await self._chunks.create_index([("files_id", ASCENDING), ("n", ASCENDING)], unique=True)
            await self._files.create_index([("filename", ASCENDING), ("uploadDate", ASCENDING)])

    async def write(self, blob_id: str, chunks: AsyncIterator[bytes]) -> Stored:
        try:
            return await self._write(blob_id, chunks)
        except Unavailable:
            raise  # a deletion would wait for the unreachable store once more
        except BaseException:
            with contextlib.suppress(Unavailable), pymongo.timeout(CLEAN_UP_TIMEOUT_S):
                await self.delete(blob_id)
            raise

    async def write_recoverable(self, blob_id: str, chunks: AsyncIterator[bytes]) -> Stored:
        """Whichever of this writer and `recover` inserts the `fs.files` document first determines the size.

        Chunks that the writer adds after a recovery are beyond that size and never read.
        """
        try:
            return await self._write(blob_id, chunks)
        except DuplicateKeyError:
            raise WriterFenced(blob_id) from None

    async def _write(self, blob_id: str, chunks: AsyncIterator[bytes]) -> Stored:
        """When it raises, no insert is running that could add a chunk after a deletion.

        Except for Unavailable: then running inserts end by their timeout, since cancelling them can leave the
        driver's locks broken.
        """
        writer = ChunkWriter(self._chunks, blob_id)
        try:
            stored = await writer.write(chunks)
            await self._finish(blob_id, stored)
        except Unavailable:
            raise
        except BaseException:
            await writer.settle()
            raise
        return stored

    async def recover(self, blob_id: str) -> int:
        found = await self._files_document(blob_id)
        if found is not None:
            return int(found["length"])
        size = await contiguous_size(self._chunks, blob_id)
        if size == 0:
            return 0
        try:
            await self._finish(blob_id, Stored(size, ""))
        except DuplicateKeyError:  # completed by its writer or by a concurrent `recover`
            return await self.recover(blob_id)
        return size

    async def _files_document(self, blob_id: str) -> Document | None:
        with mongo_errors(), pymongo.timeout(TRANSFER_TIMEOUT_S):
            return await self._files.find_one({"_id": blob_id})

    async def _finish(self, blob_id: str, stored: Stored) -> None:
        document = {
            "_id": blob_id,
            "length": Int64(stored.size),
            "chunkSize": CHUNK_BYTES,
            "uploadDate": self._clock(),
            "filename": blob_id,
            "metadata": {"sha256": stored.sha256} if stored.sha256 else {},
        }
        with mongo_errors(), pymongo.timeout(TRANSFER_TIMEOUT_S):
            await self._files.insert_one(document)

    async def open(self, blob_id: str, first: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        with mongo_errors():
            found = await self._files.find_one({"_id": blob_id})
        if found is None:
            raise BlobMissing(blob_id)
        until = found["length"] if end is None else min(end, found["length"])
        return read_range(self._chunks, blob_id, found["chunkSize"], first, until)

    async def ids(self, after: str, limit: int) -> Sequence[str]:
        """Finds each next id by index, since an orphan may have many chunks."""
        found: list[str] = []
        while len(found) < limit:
            with mongo_errors():
                following = [
                    await _next(self._chunks, "files_id", after),
                    await _next(self._files, "_id", after),
                ]
            present = [blob_id for blob_id in following if blob_id is not None]
            if not present:
                break
            after = min(present)
            found.append(after)
        return found

    async def delete(self, blob_id: str) -> None:
        """Deletes the `fs.files` document first, so that the blob cannot be opened any more."""
        with mongo_errors(), pymongo.timeout(TRANSFER_TIMEOUT_S):
            await self._files.delete_one({"_id": blob_id})
            await self._chunks.delete_many({"files_id": blob_id})


async def _next(collection: AsyncCollection[Document], field: str, after: str) -> str | None:
    """The smallest value of `field` that is greater than `after`, by a covered index query."""
    only = {"_id": int(field == "_id"), field: 1}
    found = await collection.find_one({field: {"$gt": after}}, only, sort=[(field, ASCENDING)])
    return str(found[field]) if found else None
