"""MongoDB becomes unreachable during an upload: the upload fails within seconds or continues."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from pymongo.errors import PyMongoError

from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.events import EventFactory
from converter_service.maintenance.sweeper import Sweeper
from converter_service.storage.conversions import MongoConversions
from converter_service.storage.gridfs import GridFSBlobs
from devstack.home import Home
from devstack.ports import free_port
from devstack.servers.mongo import Mongo
from shared.clock import utc_now
from shared.errors import Unavailable
from tests.integration.converter_service.test_uploads import stored_video
from tests.support.converter import ConverterApi, converter_api
from tests.support.wait import until

# The driver's own timeout is 30 s.
PATIENCE_S = 25
PIECE = b"v" * 100_000


@pytest.fixture(scope="module")
def own_mongo(tmp_path_factory: pytest.TempPathFactory) -> Mongo:
    return Mongo(Home.at(tmp_path_factory.mktemp("mongo")), free_port(), "mongo")


@pytest.fixture
async def mongo(own_mongo: Mongo) -> AsyncIterator[Mongo]:
    await asyncio.to_thread(own_mongo.start)
    yield own_mongo
    await asyncio.to_thread(own_mongo.kill)


@pytest.fixture
async def api(mongo: Mongo) -> AsyncIterator[ConverterApi]:
    async with converter_api(mongo.new_database()) as running:
        yield running


async def video(
    api: ConverterApi, pieces: int, in_the_middle: Callable[[], Awaitable[None]]
) -> AsyncIterator[bytes]:
    """A video; `in_the_middle` is called when its first bytes are stored."""

    async def some_stored() -> bool:
        with suppress(PyMongoError):
            return (await api.leftovers())["fs.chunks"] > 0
        return False

    for _ in range(pieces // 2):
        yield PIECE
    await until(some_stored, what="the first chunks are stored")
    await in_the_middle()
    for _ in range(pieces - pieces // 2):
        yield PIECE


@pytest.mark.parametrize("how", ["killed", "paused"])
async def test_an_upload_that_loses_its_database_fails_within_seconds(
    api: ConverterApi, mongo: Mongo, how: str
) -> None:
    """One upload near its end and one in the middle."""
    lost_at = 0.0
    both = asyncio.Barrier(2)

    async def lose() -> None:
        nonlocal lost_at
        if await both.wait() == 0:
            await asyncio.to_thread(mongo.kill if how == "killed" else mongo.pause)
            lost_at = time.monotonic()
        await both.wait()

    async def told(pieces: int) -> None:
        answer = await api.upload(video(api, pieces, lose))
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0
        assert time.monotonic() - lost_at < PATIENCE_S

    await asyncio.gather(told(80), told(1000))
    if how == "killed":
        await asyncio.to_thread(mongo.start)
    else:
        mongo.resume()
    await until(lambda: swept_clean(api), what="the sweeper removes what is left")


async def test_an_upload_survives_an_outage_of_a_few_seconds(api: ConverterApi, mongo: Mongo) -> None:
    async def pause() -> None:
        mongo.pause()
        asyncio.get_running_loop().call_later(3, mongo.resume)

    answer = await api.upload(video(api, 200, pause))
    assert answer.status == 202
    assert await stored_video(api, (await answer.json())["id"]) == PIECE * 200


async def swept_clean(api: ConverterApi) -> bool:
    """Runs a sweeper whose clock is ten minutes ahead; returns whether nothing is left.

    A call that fails counts as "not yet": on a busy machine a restarted server answers late.
    """
    store, blobs = MongoConversions(api.database, utc_now), GridFSBlobs(api.database, utc_now)
    events = EventFactory(timedelta(days=1), utc_now)
    later = Sweeper(
        store, Cleanup(store, blobs), events, timedelta(0), lambda: utc_now() + timedelta(minutes=10)
    )
    with suppress(Unavailable, PyMongoError):
        await store.prepare()
        await later.sweep()
        return await api.nothing_left()
    return False
