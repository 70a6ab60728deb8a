"""Reads the chunks of GridFS blobs."""

from collections.abc import AsyncIterator

import pymongo
from pymongo import ASCENDING
from pymongo.asynchronous.collection import AsyncCollection

from converter_service.conversions.blobs import BlobMissing
from converter_service.storage.gridfs_writer import CHUNK_BYTES, TRANSFER_TIMEOUT_S
from shared.mongo import Document, mongo_errors

CHUNKS_PER_READ = 2


async def read_range(
    chunks: AsyncCollection[Document], blob_id: str, chunk_size: int, first: int, end: int
) -> AsyncIterator[bytes]:
    """The bytes from `first` up to, not including, `end`. Raises BlobMissing when a chunk is missing.

    Each read is a query of its own: the caller may be slow and the primary may change in between.
    """
    position, wanted = first, range(first // chunk_size, -(-end // chunk_size))
    for start in wanted[::CHUNKS_PER_READ]:
        numbers = range(start, min(start + CHUNKS_PER_READ, wanted.stop))
        for document in await _read(chunks, blob_id, numbers):
            begin = document["n"] * chunk_size
            yield document["data"][position - begin : end - begin]
            position = begin + chunk_size


async def _read(chunks: AsyncCollection[Document], blob_id: str, numbers: range) -> list[Document]:
    wanted = {"files_id": blob_id, "n": {"$gte": numbers.start, "$lt": numbers.stop}}
    with mongo_errors(), pymongo.timeout(TRANSFER_TIMEOUT_S):
        found = await chunks.find(wanted, {"n": 1, "data": 1}).sort("n", ASCENDING).to_list()
    if [document["n"] for document in found] != list(numbers):
        raise BlobMissing(blob_id)
    return found


async def contiguous_size(chunks: AsyncCollection[Document], blob_id: str) -> int:
    """Number of bytes in the chunks from the first up to a gap.

    Reads the chunk numbers from the index and only the last chunk itself, since all others are full.
    """
    count = 0
    with mongo_errors(), pymongo.timeout(TRANSFER_TIMEOUT_S):
        numbers = chunks.find({"files_id": blob_id}, {"_id": 0, "n": 1}).sort("n", ASCENDING)
        async for each in numbers:
            if each["n"] != count:
                break
            count += 1
        await numbers.close()
        if count == 0:
            return 0
        last = await chunks.find_one({"files_id": blob_id, "n": count - 1}, {"data": 1})
    return (count - 1) * CHUNK_BYTES + len(last["data"]) if last else 0
