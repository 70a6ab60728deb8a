"""Fixtures: each adapter of the converter's ports on an empty store."""

from collections.abc import AsyncIterator

import pytest

from converter_service.conversions.blobs import Blobs
from converter_service.conversions.ports import ConversionStore, Queue
from converter_service.storage.conversions import MongoConversions
from converter_service.storage.gridfs import GridFSBlobs
from converter_service.storage.queue import MongoQueue
from shared.clock import utc_now
from shared.mongo import Client, connect, database_of
from shared.settings import Secret
from tests.support.in_memory.conversions import MemoryBlobs, MemoryConversions
from tests.support.in_memory.queue import MemoryQueue


@pytest.fixture
async def mongo_client(mongo_url: str) -> AsyncIterator[Client]:
    async with connect(Secret(mongo_url)) as client:
        yield client


@pytest.fixture
async def mongo_store(mongo_client: Client) -> MongoConversions:
    conversions = MongoConversions(database_of(mongo_client), utc_now)
    await conversions.prepare()
    return conversions


@pytest.fixture
async def gridfs(mongo_client: Client) -> GridFSBlobs:
    adapter = GridFSBlobs(database_of(mongo_client), utc_now)
    await adapter.prepare()
    return adapter


@pytest.fixture
def memory_store() -> MemoryConversions:
    return MemoryConversions()


@pytest.fixture
def memory_blobs() -> MemoryBlobs:
    return MemoryBlobs()


@pytest.fixture(params=["memory_store", "mongo_store"])
def store(request: pytest.FixtureRequest) -> ConversionStore:
    adapter: ConversionStore = request.getfixturevalue(request.param)
    return adapter


@pytest.fixture
def queue(request: pytest.FixtureRequest, store: ConversionStore) -> Queue:
    """The queue over the conversions of `store`."""
    if isinstance(store, MemoryConversions):
        return MemoryQueue(store)
    return MongoQueue(database_of(request.getfixturevalue("mongo_client")))


@pytest.fixture(params=["memory_blobs", "gridfs"])
def blobs(request: pytest.FixtureRequest) -> Blobs:
    adapter: Blobs = request.getfixturevalue(request.param)
    return adapter
