"""Orphaned blobs are deleted, all others stay, with concurrent collectors and active uploads."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from converter_service.conversions.identifiers import creation_time, new_id
from converter_service.maintenance import orphan_collector
from converter_service.maintenance.metrics import removal_counter
from converter_service.maintenance.orphan_collector import MIN_AGE, SCAN_EVERY, OrphanCollector
from converter_service.storage.checkpoint import MongoCheckpoint
from shared.clock import utc_now
from tests.support.worker_harness import ScriptedTranscoder, WorkerHarness


class ShiftedClock:
    """A clock that is ahead by more than the minimum age of orphans."""

    def __init__(self) -> None:
        self.ahead = MIN_AGE + timedelta(minutes=1)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


async def stored(harness: WorkerHarness, *blob_ids: str) -> None:
    async def content() -> AsyncIterator[bytes]:
        yield b"orphan" * 1000

    for blob_id in blob_ids:
        await harness.blobs.write(blob_id, content())


def keeper(
    harness: WorkerHarness, clock: ShiftedClock, count: Callable[[str], None] = lambda _: None
) -> OrphanCollector:
    checkpoint = MongoCheckpoint(harness.database, "orphans")
    return OrphanCollector(harness.store, harness.blobs, checkpoint, clock, count)


async def round_of(walker: OrphanCollector, clock: ShiftedClock, steps: int) -> int:
    """Runs `steps` steps, each when it is due."""
    gone = 0
    for _ in range(steps):
        gone += await walker.step()
        clock.ahead += orphan_collector.STEP_EVERY
    return gone


async def test_orphans_are_deleted_in_small_steps_and_referenced_blobs_stay(
    harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphan_collector, "BATCH", 2)
    orphans = [new_id() for _ in range(3)]
    await stored(harness, *orphans)
    await harness.database["fs.files"].delete_one({"_id": orphans[0]})
    waiting, done = await harness.queued(), await harness.queued(b"another")
    await harness.worker(ScriptedTranscoder()).run(done.id)
    kept = set((await harness.now(waiting)).blobs) | set((await harness.now(done)).blobs)
    clock, registry = ShiftedClock(), CollectorRegistry()
    walker = keeper(harness, clock, removal_counter(registry))
    assert await walker.step() == 2
    assert await walker.step() == 0, "it is not time yet"
    clock.ahead += orphan_collector.STEP_EVERY
    assert await round_of(walker, clock, 4) == 1
    assert await harness.blobs_stored() == kept
    assert registry.get_sample_value("converter_removed_total", {"what": "orphan"}) == 3


async def test_a_scan_continues_in_another_process_and_restarts_after_a_while(
    harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphan_collector, "BATCH", 1)
    first, second = new_id(), new_id()
    await stored(harness, first, second)
    clock = ShiftedClock()
    assert await round_of(keeper(harness, clock), clock, 1) == 1
    assert await round_of(keeper(harness, clock), clock, 2) == 1
    early = "0" + first[1:11] + "0" + first[12:]
    await stored(harness, early)
    assert await round_of(keeper(harness, clock), clock, 3) == 0
    clock.ahead += SCAN_EVERY
    assert await round_of(keeper(harness, clock), clock, 1) == 1


async def test_recent_and_foreign_blobs_are_not_deleted(harness: WorkerHarness) -> None:
    young, foreign = new_id(), "holiday.mp4"
    clock = ShiftedClock()
    clock.ahead = timedelta()
    await stored(harness, young, foreign)
    assert await round_of(keeper(harness, clock), clock, 2) == 0
    clock.ahead = MIN_AGE + SCAN_EVERY * 2
    assert await round_of(keeper(harness, clock), clock, 2) == 1
    assert await harness.blobs_stored() == {foreign}


async def test_concurrent_collectors_do_not_disturb_a_running_conversion(harness: WorkerHarness) -> None:
    clock, looked = ShiftedClock(), asyncio.Event()

    async def meanwhile(_: Path) -> None:
        await asyncio.gather(*(keeper(harness, clock).step() for _ in range(4)))
        looked.set()

    await stored(harness, *(new_id() for _ in range(5)))
    conversion = await harness.queued()
    await harness.worker(ScriptedTranscoder(during=meanwhile)).run(conversion.id)
    assert looked.is_set()
    assert await harness.blobs_stored() == set((await harness.now(conversion)).blobs)


async def test_blobs_of_records_in_the_old_format_are_kept(harness: WorkerHarness) -> None:
    conversion = await harness.queued()
    await harness.worker(ScriptedTranscoder()).run(conversion.id)
    await harness.database["conversions"].update_many({}, {"$unset": {"blobs": ""}})
    await harness.store.prepare()
    clock = ShiftedClock()
    assert await round_of(keeper(harness, clock), clock, 2) == 0
    assert await harness.blobs_stored() == set((await harness.now(conversion)).blobs)


def test_the_age_of_a_blob_is_read_from_its_id() -> None:
    made = creation_time(new_id())
    assert made
    assert abs(datetime.now(UTC) - made) < timedelta(minutes=1)
    assert [creation_time(other) for other in ("holiday.mp4", "", "f" * 32, "source-1")] == [None] * 4
