"""Contract of Blobs: what is read equals what was written; a failed write leaves nothing behind."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator

import pytest
from gridfs.asynchronous import AsyncGridFSBucket

from converter_service.conversions.blobs import BlobMissing, Blobs, WriterFenced
from converter_service.storage.gridfs import GridFSBlobs
from converter_service.storage.gridfs_reader import CHUNKS_PER_READ
from converter_service.storage.gridfs_writer import CHUNK_BYTES, CHUNKS_PER_INSERT, INSERTS_AT_ONCE
from shared.mongo import Client, database_of
from tests.support.wait import until

DATA = random.Random(7).randbytes(3 * CHUNK_BYTES + 12_345)


async def pieces(data: bytes, size: int = 70_001) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def breaking_off(data: bytes, error: BaseException) -> AsyncIterator[bytes]:
    async for piece in pieces(data):
        yield piece
    raise error


async def content(blobs: Blobs, blob_id: str, first: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in await blobs.open(blob_id, first, end)])


@pytest.mark.parametrize("size", [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, len(DATA)])
async def test_bytes_read_equal_bytes_written(blobs: Blobs, size: int) -> None:
    stored = await blobs.write("b1", pieces(DATA[:size]))
    assert (stored.size, stored.sha256) == (size, hashlib.sha256(DATA[:size]).hexdigest())
    assert await content(blobs, "b1") == DATA[:size]


@pytest.mark.parametrize(
    ("first", "end"),
    [
        (0, 1),
        (0, None),
        (CHUNK_BYTES - 1, CHUNK_BYTES + 1),
        (CHUNK_BYTES, 2 * CHUNK_BYTES),
        (5, 3 * CHUNK_BYTES + 7),
        (len(DATA) - 1, len(DATA)),
        (len(DATA) - 1, None),
        (2 * CHUNK_BYTES, len(DATA) + 99),
        (7, 7),
    ],
)
async def test_a_range_returns_exactly_its_bytes(blobs: Blobs, first: int, end: int | None) -> None:
    await blobs.write("b1", pieces(DATA))
    assert await content(blobs, "b1", first, end) == DATA[first:end]


async def test_a_blob_longer_than_one_read_is_complete(blobs: Blobs) -> None:
    data = DATA * 3
    assert len(data) > 2 * CHUNKS_PER_READ * CHUNK_BYTES
    await blobs.write("b1", pieces(data, 1_000_003))
    assert hashlib.sha256(await content(blobs, "b1")).digest() == hashlib.sha256(data).digest()


async def test_an_unknown_blob_cannot_be_opened(blobs: Blobs) -> None:
    with pytest.raises(BlobMissing):
        await blobs.open("b1")


async def test_deletion_is_idempotent(blobs: Blobs) -> None:
    await blobs.write("b1", pieces(DATA))
    await blobs.delete("b1")
    await blobs.delete("b1")
    with pytest.raises(BlobMissing):
        await blobs.open("b1")


async def test_deleting_one_leaves_the_others(blobs: Blobs) -> None:
    await blobs.write("b1", pieces(DATA))
    await blobs.write("b2", pieces(DATA[:10]))
    await blobs.delete("b1")
    assert await content(blobs, "b2") == DATA[:10]


async def test_a_reader_fails_when_its_blob_is_deleted(blobs: Blobs) -> None:
    await blobs.write("b1", pieces(DATA * 3))
    reader = await blobs.open("b1")
    await anext(reader)
    await blobs.delete("b1")
    with pytest.raises(BlobMissing):
        async for _ in reader:
            pass


async def test_an_interrupted_write_leaves_no_blob(blobs: Blobs) -> None:
    with pytest.raises(ConnectionError):
        await blobs.write("b1", breaking_off(DATA, ConnectionError()))
    with pytest.raises(BlobMissing):
        await blobs.open("b1")


async def test_collected_bytes_are_readable_and_salvaging_them_changes_nothing(blobs: Blobs) -> None:
    stored = await blobs.write_recoverable("b1", pieces(DATA))
    assert (stored.size, stored.sha256) == (len(DATA), hashlib.sha256(DATA).hexdigest())
    assert await blobs.recover("b1") == len(DATA)
    assert await content(blobs, "b1") == DATA


async def test_bytes_of_a_crashed_collector_are_salvaged_from_the_first_byte(blobs: Blobs) -> None:
    with pytest.raises(ConnectionError):
        await blobs.write_recoverable("b1", breaking_off(DATA, ConnectionError()))
    with pytest.raises(BlobMissing):
        await blobs.open("b1")
    size = await blobs.recover("b1")
    assert 2 * CHUNK_BYTES <= size <= len(DATA)
    assert await content(blobs, "b1") == DATA[:size]
    assert await blobs.recover("b1") == size


async def test_an_empty_collector_has_nothing_to_salvage(blobs: Blobs) -> None:
    with pytest.raises(ConnectionError):
        await blobs.write_recoverable("b1", breaking_off(b"", ConnectionError()))
    assert await blobs.recover("b1") == 0
    assert await blobs.recover("b2") == 0
    with pytest.raises(BlobMissing):
        await blobs.open("b1")


@pytest.mark.parametrize("ending", ["ends", "breaks off"])
async def test_a_stale_collector_changes_nothing(blobs: Blobs, ending: str) -> None:
    salvaged = 0

    async def stalling() -> AsyncIterator[bytes]:
        nonlocal salvaged
        async for piece in pieces(DATA[: 2 * CHUNK_BYTES + 5]):
            yield piece

        async def some() -> bool:
            nonlocal salvaged
            salvaged = await blobs.recover("b1")
            return salvaged > 0

        await until(some, what="chunks that are stored")
        async for piece in pieces(DATA[2 * CHUNK_BYTES + 5 :]):
            yield piece
        if ending == "breaks off":
            raise ConnectionError

    with pytest.raises(WriterFenced if ending == "ends" else ConnectionError):
        await blobs.write_recoverable("b1", stalling())
    assert await blobs.recover("b1") == salvaged
    assert await content(blobs, "b1") == DATA[:salvaged]


async def test_concurrent_salvages_return_the_same_result(blobs: Blobs) -> None:
    with pytest.raises(ConnectionError):
        await blobs.write_recoverable("b1", breaking_off(DATA, ConnectionError()))
    assert len(set(await asyncio.gather(*(blobs.recover("b1") for _ in range(8))))) == 1


async def test_collected_bytes_can_be_deleted_complete_or_not(blobs: Blobs) -> None:
    with pytest.raises(ConnectionError):
        await blobs.write_recoverable("b1", breaking_off(DATA, ConnectionError()))
    await blobs.delete("b1")
    assert await blobs.recover("b1") == 0


async def test_bytes_behind_a_gap_are_not_salvaged(gridfs: GridFSBlobs, mongo_client: Client) -> None:
    with pytest.raises(ConnectionError):
        await gridfs.write_recoverable("b1", breaking_off(DATA * 2, ConnectionError()))
    await database_of(mongo_client)["fs.chunks"].delete_one({"files_id": "b1", "n": 1})
    assert await gridfs.recover("b1") == CHUNK_BYTES
    assert await content(gridfs, "b1") == DATA[:CHUNK_BYTES]


async def chunks_left(client: Client) -> int:
    return await database_of(client)["fs.chunks"].count_documents({})


async def test_an_interrupted_write_leaves_no_chunk(gridfs: GridFSBlobs, mongo_client: Client) -> None:
    with pytest.raises(ConnectionError):
        await gridfs.write("b1", breaking_off(DATA * 3, ConnectionError()))
    assert await chunks_left(mongo_client) == 0


async def test_no_insert_completes_after_the_removal(gridfs: GridFSBlobs, mongo_client: Client) -> None:
    """Each of these bodies fails while an insert is running."""
    data = bytes(CHUNK_BYTES * CHUNKS_PER_INSERT * INSERTS_AT_ONCE)
    writes = (gridfs.write(f"b{n}", breaking_off(data, ConnectionError())) for n in range(8))
    assert all(
        isinstance(each, ConnectionError) for each in await asyncio.gather(*writes, return_exceptions=True)
    )
    assert await chunks_left(mongo_client) == 0


async def test_a_cancelled_write_leaves_no_chunk(gridfs: GridFSBlobs, mongo_client: Client) -> None:
    stalled = asyncio.Event()

    async def stalling() -> AsyncIterator[bytes]:
        async for piece in pieces(DATA * 3):
            yield piece
        stalled.set()
        await asyncio.Event().wait()

    writing = asyncio.create_task(gridfs.write("b1", stalling()))
    await stalled.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await chunks_left(mongo_client) == 0


async def test_every_gridfs_tool_can_read_it(gridfs: GridFSBlobs, mongo_client: Client) -> None:
    await gridfs.write("b1", pieces(DATA))
    stream = await AsyncGridFSBucket(database_of(mongo_client)).open_download_stream("b1")
    assert await stream.read() == DATA


async def test_ids_are_listed_in_order_from_any_position(blobs: Blobs) -> None:
    for name in ("b3", "b1", "b2"):
        await blobs.write(name, pieces(DATA))
    await blobs.write("b4", pieces(b""))
    await blobs.delete("b2")
    assert await blobs.ids("", 10) == ["b1", "b3", "b4"]
    assert await blobs.ids("", 2) == ["b1", "b3"]
    assert await blobs.ids("b2", 10) == ["b3", "b4"]
    assert await blobs.ids("b4", 10) == []


async def test_an_incomplete_blob_is_listed_too(gridfs: GridFSBlobs, mongo_client: Client) -> None:
    await gridfs.write("b1", pieces(DATA))
    await database_of(mongo_client)["fs.files"].delete_many({})
    assert await gridfs.ids("", 10) == ["b1"]
