"""Blobs in GridFS, in the layout of its specification, so that every GridFS tool can read them.

https://github.com/mongodb/specifications/blob/master/source/gridfs/gridfs-spec.md

The chunks are written and read here and not through AsyncGridFSBucket: that gathers 32 MiB of chunks before
it sends any (233 MiB resident for one upload), sends nothing while it waits for more bytes, and its reader
asks for 16 MiB at a time.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence

import pymongo
from bson import Int64
from pymongo import ASCENDING
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from converter_service.conversions.ports import BlobMissing, Stored, WriterFenced
from converter_service.storage.gridfs_writer import CHUNK_BYTES, TRANSFER_TIMEOUT_S, ChunkWriter
from shared.clock import Clock
from shared.errors import Unavailable
from shared.mongo.connection import Database, Document
from shared.mongo.errors import mongo_errors

CHUNKS_PER_READ = 2
CLEAN_UP_TIMEOUT_S = 2.0


class GridFSBlobs:
    """A blob is whole once its files document stands; that is written last."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._files: AsyncCollection[Document] = database["fs.files"]
        self._chunks: AsyncCollection[Document] = database["fs.chunks"]
        self._clock = clock

    async def prepare(self) -> None:
        """Creates the indexes that the specification asks for."""
        with mongo_errors():
            await self._chunks.create_index([("files_id", ASCENDING), ("n", ASCENDING)], unique=True)
            await self._files.create_index([("filename", ASCENDING), ("uploadDate", ASCENDING)])

    async def write(self, blob_id: str, chunks: AsyncIterator[bytes]) -> Stored:
        writer = ChunkWriter(self._chunks, blob_id)
        try:
            stored = await writer.write(chunks)
            await self._finish(blob_id, stored)
        except Unavailable:
            # Whatever waits for a store that is out of reach, a removal too, would wait for as long again.
            # What is under way ends by its own time-out: cancelling it then can break the driver's locks.
            raise
        except BaseException:
            # An insert that is still under way could land after the removal.
            await writer.settle()
            with contextlib.suppress(Unavailable), pymongo.timeout(CLEAN_UP_TIMEOUT_S):
                await self.delete(blob_id)
            raise
        return stored

    async def write_recoverable(self, blob_id: str, chunks: AsyncIterator[bytes]) -> Stored:
        """The files document decides between this writer and whoever takes it for dead: who inserts it first
        says how many bytes there are. Chunks that a late writer adds lie behind them, and are never read.
        """
        writer = ChunkWriter(self._chunks, blob_id)
        try:
            stored = await writer.write(chunks)
            await self._finish(blob_id, stored)
        except DuplicateKeyError:
            raise WriterFenced(blob_id) from None
        except Unavailable:
            raise  # as in `write`
        except BaseException:
            await writer.settle()
            raise
        return stored

    async def recover(self, blob_id: str) -> int:
        found = await self._files_document(blob_id)
        if found is not None:
            return int(found["length"])
        size = await self._without_gap(blob_id)
        if size == 0:
            return 0
        try:
            await self._finish(blob_id, Stored(size, ""))
        except DuplicateKeyError:  # its writer lives, or somebody else salvages it too
            return await self.recover(blob_id)
        return size

    async def _files_document(self, blob_id: str) -> Document | None:
        with mongo_errors(), pymongo.timeout(TRANSFER_TIMEOUT_S):
            return await self._files.find_one({"_id": blob_id})

    async def _without_gap(self, blob_id: str) -> int:
        """Only the last chunk of all may be short, so the numbers, which the index has, tell the rest."""
        whole = 0
        with mongo_errors(), pymongo.timeout(TRANSFER_TIMEOUT_S):
            numbers = self._chunks.find({"files_id": blob_id}, {"_id": 0, "n": 1}).sort("n", ASCENDING)
            async for each in numbers:
                if each["n"] != whole:
                    break
                whole += 1
            await numbers.close()
            if whole == 0:
                return 0
            last = await self._chunks.find_one({"files_id": blob_id, "n": whole - 1}, {"data": 1})
        return (whole - 1) * CHUNK_BYTES + len(last["data"]) if last else 0

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
        return self._pieces(blob_id, found["chunkSize"], first, until)

    async def _pieces(self, blob_id: str, chunk_size: int, first: int, end: int) -> AsyncIterator[bytes]:
        """No cursor stays open between two reads: a reader may be slow, and the primary may change."""
        position, wanted = first, range(first // chunk_size, -(-end // chunk_size))
        for start in wanted[::CHUNKS_PER_READ]:
            for document in await self._read(
                blob_id, range(start, min(start + CHUNKS_PER_READ, wanted.stop))
            ):
                begins = document["n"] * chunk_size
                yield document["data"][position - begins : end - begins]
                position = begins + chunk_size

    async def _read(self, blob_id: str, numbers: range) -> list[Document]:
        asked = {"files_id": blob_id, "n": {"$gte": numbers.start, "$lt": numbers.stop}}
        with mongo_errors(), pymongo.timeout(TRANSFER_TIMEOUT_S):
            found = await self._chunks.find(asked, {"n": 1, "data": 1}).sort("n", ASCENDING).to_list()
        if [document["n"] for document in found] != list(numbers):
            raise BlobMissing(blob_id)
        return found

    async def ids(self, after: str, limit: int) -> Sequence[str]:
        """From one id to the next by index, past all of its chunks, of which an orphan may have many."""
        found: list[str] = []
        while len(found) < limit:
            with mongo_errors():
                following = [
                    await _next(self._chunks, "files_id", after),
                    await _next(self._files, "_id", after),
                ]
            there = [blob_id for blob_id in following if blob_id is not None]
            if not there:
                break
            after = min(there)
            found.append(after)
        return found

    async def delete(self, blob_id: str) -> None:
        """First the files document: nobody opens what is being taken apart."""
        with mongo_errors(), pymongo.timeout(TRANSFER_TIMEOUT_S):
            await self._files.delete_one({"_id": blob_id})
            await self._chunks.delete_many({"files_id": blob_id})


async def _next(collection: AsyncCollection[Document], field: str, after: str) -> str | None:
    """The smallest there is after that one, out of the index alone."""
    only = {"_id": int(field == "_id"), field: 1}
    found = await collection.find_one({field: {"$gt": after}}, only, sort=[(field, ASCENDING)])
    return str(found[field]) if found else None
