"""The way of a blob's chunks into MongoDB: pieces of one size, and a few inserts at once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pymongo
from pymongo.asynchronous.collection import AsyncCollection

from shared.mongo.connection import Document
from shared.mongo.errors import mongo_errors

INSERTS_AT_ONCE = 2
# Longer than other operations have: a full disk cache under load is slow, not gone, and uploads should
# outlive the election of another primary. Shorter than a client should wait to be told that it is gone.
TRANSFER_TIMEOUT_S = 7.0


class Inserts:
    """A few inserts under way while the next bytes arrive; a full line makes the sender wait."""

    def __init__(self, collection: AsyncCollection[Document]) -> None:
        self._collection = collection
        self._slots = asyncio.Semaphore(INSERTS_AT_ONCE)
        self._running: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None

    async def watched(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The same pieces, until an insert fails: whoever sends slowly is told at its next piece."""
        async for piece in pieces:
            self._check()
            yield piece

    async def start(self, batch: list[Document]) -> None:
        """Raises what an earlier insert failed with."""
        await self._slots.acquire()
        self._check()
        task = asyncio.create_task(self._insert(batch))
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

    async def finish(self) -> None:
        """Everything is stored. Raises what an insert failed with."""
        await self.settle()
        self._check()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def settle(self) -> None:
        """Nothing is under way any more, well or not."""
        if self._running:
            await asyncio.wait(self._running)


async def of_size(size: int, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces of exactly `size`, the last one shorter. Each byte is copied once."""
    gathered, have = list[bytes | memoryview](), 0
    async for piece in pieces:
        rest = memoryview(piece)
        while have + len(rest) >= size:
            missing = size - have
            yield b"".join([*gathered, rest[:missing]])
            gathered, have, rest = [], 0, rest[missing:]
        if rest:
            gathered.append(rest)
            have += len(rest)
    if gathered:
        yield b"".join(gathered)
