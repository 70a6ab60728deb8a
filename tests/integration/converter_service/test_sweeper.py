"""The sweeper processes all due conversions; one that fails does not block others."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from converter_service.conversions.blobs import Blobs
from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.identifiers import new_id
from converter_service.conversions.model import Conversion
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.transitions.removal import deleted
from converter_service.maintenance.sweeper import BATCH, Sweeper
from converter_service.storage.conversions import MongoConversions
from converter_service.storage.gridfs import GridFSBlobs
from shared.clock import utc_now
from shared.errors import Unavailable
from shared.mongo import connect
from shared.settings import Secret
from tests.support.conversions import queued
from tests.support.wait import until
from tests.support.worker_harness import WorkerHarness

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def harness(mongo_url: str, tmp_path: Path) -> AsyncIterator[WorkerHarness]:
    async with connect(Secret(mongo_url)) as client:
        shop = WorkerHarness(client, tmp_path)
        await shop.store.prepare()
        yield shop
        shop.scratch.close()


class StuckBlobs(GridFSBlobs):
    """A blob store that fails to delete all blobs but one."""

    fault: type[Exception] = RuntimeError
    free = "source-0"
    tried = 0

    async def delete(self, blob_id: str) -> None:
        self.tried += 1
        if blob_id != self.free:
            raise self.fault
        await super().delete(blob_id)


class OutdatedConversions(MongoConversions):
    """Returns outdated versions of due conversions: each was saved again in the meantime."""

    asked = 0

    async def due(self, now: datetime, limit: int) -> Sequence[Conversion]:
        self.asked += 1
        return [replace(each, version=each.version - 1) for each in await super().due(now, limit)]


def sweeper_of(
    harness: WorkerHarness, *, store: ConversionStore | None = None, blobs: Blobs | None = None
) -> Sweeper:
    store, blobs = store or harness.store, blobs or harness.blobs
    return Sweeper(store, Cleanup(store, blobs), harness.events, timedelta(hours=1), utc_now)


async def deleted_one(harness: WorkerHarness, number: int, *, since: timedelta = MINUTE) -> Conversion:
    conversion = queued(number)
    await harness.store.add(deleted(conversion, utc_now() - since))
    return conversion


@pytest.mark.parametrize("fault", [RuntimeError, Unavailable])
async def test_a_failing_conversion_is_postponed_and_blocks_no_others(
    harness: WorkerHarness, fault: type[Exception]
) -> None:
    blobs = StuckBlobs(harness.database, utc_now)
    blobs.fault = fault
    for number in range(1, BATCH + 1):
        await deleted_one(harness, number)
    last = await deleted_one(harness, 0, since=timedelta(0))
    sweeper = sweeper_of(harness, blobs=blobs)
    assert [await sweeper.sweep() for _ in range(3)] == [0, 1, 0]
    assert await harness.store.get(last.id) is None
    assert blobs.tried == BATCH + 1


async def test_an_unreadable_record_is_postponed_and_blocks_no_others(harness: WorkerHarness) -> None:
    past = utc_now() - MINUTE
    unreadable = [{"_id": new_id(), "due_at": past, "status": "from the future"} for _ in range(BATCH)]
    await harness.database["conversions"].insert_many(unreadable)
    last = await deleted_one(harness, 0, since=timedelta(0))
    running = asyncio.create_task(harness.sweeper.run())

    async def removed() -> bool:
        return await harness.store.get(last.id) is None

    await until(removed, what="the one behind them is processed")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await harness.database["conversions"].count_documents({}) == BATCH


async def test_the_sweeper_pauses_while_nothing_succeeds(harness: WorkerHarness) -> None:
    store = OutdatedConversions(harness.database, utc_now)
    for number in range(BATCH):
        await store.add(replace(queued(number), due_at=utc_now()))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(sweeper_of(harness, store=store).run(), 1)
    assert store.asked == 1
