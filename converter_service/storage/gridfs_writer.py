"""Writes the chunks of one blob to MongoDB: chunks of one size, and a few inserts at a time."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pymongo
from pymongo.asynchronous.collection import AsyncCollection

from converter_service.conversions.blobs import Stored
from shared.mongo import Document, mongo_errors

CHUNK_BYTES = 1024 * 1024
CHUNKS_PER_INSERT = 2
INSERTS_AT_ONCE = 2
# Longer than other operations have: a full disk cache under load is slow, not gone, and uploads should
# outlive the election of another primary. Shorter than clients wait for a response.
TRANSFER_TIMEOUT_S = 7.0


class ChunkWriter:
    """Inserts run while the next bytes arrive; once INSERTS_AT_ONCE are running, `write` reads no further."""

    def __init__(self, collection: AsyncCollection[Document], blob_id: str) -> None:
        self._collection = collection
        self._blob_id = blob_id
        self._gathered: list[bytes | memoryview] = []
        self._missing = CHUNK_BYTES
        self._number = 0
        self._digest = hashlib.sha256()
        self._batch: list[Document] = []
        self._slots = asyncio.Semaphore(INSERTS_AT_ONCE)
        self._running: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None

    async def write(self, pieces: AsyncIterator[bytes]) -> Stored:
        """Stores all of `pieces`. Raises the error of a failed insert, at the latest with the next piece."""
        async for piece in pieces:
            self._check()
            await self._add(piece)
        last = CHUNK_BYTES - self._missing
        if last:
            self._complete_chunk()
        if self._batch:
            await self._start_insert()
        await self.settle()
        self._check()
        whole = self._number - 1 if last else self._number
        return Stored(whole * CHUNK_BYTES + last, self._digest.hexdigest())

    async def _add(self, piece: bytes) -> None:
        """Each byte is copied once, into its chunk."""
        rest = memoryview(piece)
        while len(rest) >= self._missing:
            self._gathered.append(rest[: self._missing])
            rest = rest[self._missing :]
            self._complete_chunk()
            if len(self._batch) == CHUNKS_PER_INSERT:
                await self._start_insert()
        if rest:
            self._gathered.append(rest)
            self._missing -= len(rest)

    def _complete_chunk(self) -> None:
        data = b"".join(self._gathered)
        self._digest.update(data)
        self._batch.append({"files_id": self._blob_id, "n": self._number, "data": data})
        self._number += 1
        self._gathered, self._missing = [], CHUNK_BYTES

    async def _start_insert(self) -> None:
        await self._slots.acquire()
        self._check()
        task = asyncio.create_task(self._insert(self._batch))
        self._batch = []
        self._running.add(task)
        task.add_done_callback(self._ended)

    async def _insert(self, batch: list[Document]) -> None:
        with mongo_errors(), pymongo.timeout(TRANSFER_TIMEOUT_S):
            await self._collection.insert_many(batch)

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._running.discard(task)
        self._slots.release()
        failure = asyncio.CancelledError() if task.cancelled() else task.exception()
        self._failure = self._failure or failure

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def settle(self) -> None:
        """Waits until no insert is running, whatever its result."""
        if self._running:
            await asyncio.wait(self._running)
