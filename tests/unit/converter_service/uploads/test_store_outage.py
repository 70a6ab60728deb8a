"""Uploads and deletions while the store is away or slow: a response within seconds, and no lost video."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.processor_quota import ProcessorQuota
from converter_service.conversions.service import Conversions
from converter_service.jobs.context import JobLimits
from converter_service.jobs.job import Job
from converter_service.jobs.metrics import JobMetrics
from converter_service.maintenance.sweeper import Sweeper
from converter_service.storage.scratch import LocalScratch
from converter_service.uploads import store as store_module
from shared.clock import utc_now
from shared.contracts.events import VideoUploaded
from shared.errors import TooLarge, Unavailable
from shared.messaging.envelope import Envelope
from shared.messaging.errors import Retry
from tests.support.conversions import done
from tests.support.in_memory.conversions import MemoryBlobs, MemoryConversions
from tests.support.in_memory.processor_use import MemoryProcessorUse
from tests.support.in_memory.queue import MemoryQueue
from tests.support.wait import until
from tests.support.worker_harness import ScriptedTranscoder
from tests.unit.converter_service.jobs.test_lost_replies import (
    ALICE,
    MINUTE,
    QUICK,
    Upload,
    event_factory,
    events,
    upload_service,
)

SOON_S = 25.0


class UnreliableStore(MemoryConversions):
    """A store that can be made unavailable; with `saves_all_the_same` a save succeeds, and raises then."""

    away = False
    asked_in_vain = 0
    saves_all_the_same = False

    async def get(self, conversion_id: str) -> Conversion | None:
        if self.away:
            self.asked_in_vain += 1
            raise Unavailable
        return await super().get(conversion_id)

    async def save(self, conversion: Conversion, *sent: Envelope) -> Conversion:
        if self.away and not self.saves_all_the_same:
            raise Unavailable
        saved = await super().save(conversion, *sent)
        if conversion.status is State.QUEUED and self.saves_all_the_same:
            self.away = True
            raise Unavailable
        return saved


class HangingBlobs(MemoryBlobs):
    """`delete` blocks while `hangs` is set."""

    hangs = True

    async def delete(self, blob_id: str) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        await super().delete(blob_id)


async def test_an_upload_survives_a_failed_heartbeat() -> None:
    store = UnreliableStore()

    async def while_it_is_away() -> None:
        store.away = True
        await until(lambda: store.asked_in_vain > 1, what="two heartbeats in vain")
        store.away = False

    service = upload_service(store, MemoryBlobs(), QUICK)
    assert (await service.accept(ALICE, Upload(pause=while_it_is_away))).status is State.QUEUED


async def test_an_upload_survives_an_outage_at_the_last_save() -> None:
    store, pieces = UnreliableStore(), 0

    def before_each() -> None:
        nonlocal pieces
        pieces += 1
        if pieces == 3:
            store.away = True
            asyncio.get_running_loop().call_later(1, setattr, store, "away", False)

    service = upload_service(store, MemoryBlobs(), MINUTE)
    assert (await service.accept(ALICE, Upload(before_each))).status is State.QUEUED
    assert events(store) == [VideoUploaded]


async def test_an_upload_of_unknown_outcome_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The response is 503, and the conversion stays queued: its client may never send the video again."""
    monkeypatch.setattr(store_module, "SAVE_AGAIN_FOR_S", 0.3)
    store, blobs = UnreliableStore(), MemoryBlobs()
    store.saves_all_the_same = True
    service = upload_service(store, blobs, MINUTE)
    with pytest.raises(Unavailable, match="is not known"):
        await service.accept(ALICE, Upload())
    [kept] = store.contents.values()
    assert (kept.status, kept.deleted_at) == (State.QUEUED, None)
    assert set(blobs.contents) == {kept.source_blob}
    assert events(store) == [VideoUploaded]


async def test_an_outage_of_the_store_during_a_run_costs_no_attempt(tmp_path: Path) -> None:
    """The store fails when the worker reads the video, and again when it releases its claim."""
    store, blobs = UnreliableStore(), MemoryBlobs()
    service = upload_service(store, blobs, MINUTE)
    accepted = await service.accept(ALICE, Upload())

    class Leaving(MemoryBlobs):
        async def open(self, blob_id: str, first: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
            store.away = True
            asyncio.get_running_loop().call_later(0.3, setattr, store, "away", False)
            raise Unavailable

    scratch = LocalScratch(tmp_path, spare_bytes=0)
    scratch.open()
    blobs = Leaving()
    job = Job(
        store=store,
        queue=MemoryQueue(store),
        blobs=blobs,
        cleanup=Cleanup(store, blobs),
        transcoder=ScriptedTranscoder(),
        scratch=scratch,
        events=event_factory(),
        processor_quota=ProcessorQuota(MemoryProcessorUse(), 0, utc_now),
        limits=JobLimits("worker", MINUTE, 3, timedelta(days=1), MINUTE),
        clock=utc_now,
        metrics=JobMetrics(CollectorRegistry()),
    )
    with pytest.raises(Retry):
        await job.run(accepted.id)
    scratch.close()
    given_back = store.contents[accepted.id]
    assert (given_back.status, given_back.attempts, given_back.lease) == (State.QUEUED, 0, None)


async def test_a_slow_deletion_is_answered_soon_and_completed_later() -> None:
    store, blobs = MemoryConversions(), HangingBlobs()
    conversion = done(at=utc_now())
    await store.add(conversion)
    blobs.contents[str(conversion.audio_blob)] = b"audio"
    conversions = Conversions(store, blobs, Cleanup(store, blobs), utc_now)
    began = time.monotonic()
    await conversions.delete(ALICE, conversion.id)
    assert time.monotonic() - began < SOON_S
    assert await conversions.page(ALICE.user_id, None, None, 10) == []
    blobs.hangs = False
    sweeper = Sweeper(store, Cleanup(store, blobs), event_factory(), MINUTE, utc_now)
    assert await sweeper.sweep() == 1
    assert (store.contents, blobs.contents) == ({}, {})


async def test_a_refused_upload_with_a_slow_cleanup_is_answered_soon() -> None:
    store = MemoryConversions()
    service = upload_service(store, HangingBlobs(), MINUTE, max_bytes=1000)
    began = time.monotonic()
    with pytest.raises(TooLarge):
        await service.accept(ALICE, Upload())
    assert time.monotonic() - began < SOON_S
    assert all(conversion.deleted_at for conversion in store.contents.values())
