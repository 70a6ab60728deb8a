"""Metrics of a worker's runs."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.processor_quota import ProcessorQuota
from converter_service.jobs.context import JobLimits
from converter_service.jobs.job import Job
from converter_service.jobs.metrics import JobMetrics
from converter_service.media.errors import Fault, MediaError, TranscoderUnavailable
from converter_service.storage.scratch import LocalScratch
from shared.clock import utc_now
from shared.messaging.errors import Retry
from tests.support.in_memory.conversions import MemoryBlobs, MemoryConversions
from tests.support.in_memory.processor_use import MemoryProcessorUse
from tests.support.in_memory.queue import MemoryQueue
from tests.support.metrics import value
from tests.support.worker_harness import ScriptedTranscoder, do_nothing
from tests.unit.converter_service.jobs.test_lost_replies import (
    ALICE,
    MINUTE,
    Upload,
    event_factory,
    upload_service,
)

LEASE = timedelta(seconds=30)


class Rig:
    """A worker whose encoding awaits `during`, and its metrics."""

    def __init__(self, tmp_path: Path, during: Callable[[Path], Awaitable[None]] = do_nothing) -> None:
        self.registry = CollectorRegistry()
        self._store, self._blobs = MemoryConversions(), MemoryBlobs()
        self._scratch = LocalScratch(tmp_path, spare_bytes=0)
        self._scratch.open()
        metrics = JobMetrics(self.registry)
        self._job = Job(
            store=self._store,
            queue=MemoryQueue(self._store),
            blobs=self._blobs,
            cleanup=Cleanup(self._store, self._blobs),
            transcoder=ScriptedTranscoder(during=during),
            scratch=self._scratch,
            events=event_factory(),
            processor_quota=ProcessorQuota(MemoryProcessorUse(), 0, utc_now),
            limits=JobLimits("worker", LEASE, 3, timedelta(days=1), MINUTE),
            clock=utc_now,
            metrics=metrics,
        )
        metrics.configure(4, LEASE.total_seconds(), self._job.heartbeat.lease_age_s)

    async def convert(self) -> None:
        accepted = await upload_service(self._store, self._blobs, MINUTE).accept(ALICE, Upload())
        try:
            await self._job.run(accepted.id)
        finally:
            self._scratch.close()

    def value(self, name: str, **labels: str) -> float:
        return value(self.registry, f"converter_{name}", **labels)


async def test_a_completed_run_counts_with_its_phases_and_amounts(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    await rig.convert()
    assert rig.value("runs_total", outcome="completed") == 1
    assert rig.value("source_bytes_total") > 0
    assert rig.value("result_bytes_total") > 0
    assert rig.value("media_seconds_total") == 2.0
    for phase in ("fetch", "probe", "encode", "store", "record"):
        assert rig.value("phase_seconds_count", phase=phase) == 1, phase
        assert rig.value("phase_errors_total", phase=phase) == 0, phase


async def test_a_failed_conversion_counts_by_its_code_and_phase(tmp_path: Path) -> None:
    async def refuse(_: Path) -> None:
        raise MediaError(Fault.NO_AUDIO_TRACK, "The file has no audio track.")

    rig = Rig(tmp_path, refuse)
    await rig.convert()
    assert rig.value("runs_total", outcome="failed") == 1
    assert rig.value("failures_total", code="no_audio_track") == 1
    assert rig.value("phase_errors_total", phase="encode") == 1
    assert rig.value("phase_seconds_count", phase="encode") == 1
    assert rig.value("runs_total", outcome="completed") == 0


async def test_a_run_that_is_tried_again_is_no_failure(tmp_path: Path) -> None:
    async def break_down(_: Path) -> None:
        raise TranscoderUnavailable("killed by signal 9")

    rig = Rig(tmp_path, break_down)
    with pytest.raises(Retry):
        await rig.convert()
    assert rig.value("runs_total", outcome="requeued") == 1
    assert rig.value("runs_total", outcome="failed") == 0


async def test_a_running_conversion_holds_a_slot_and_a_lease_that_ages(tmp_path: Path) -> None:
    began, goes_on = asyncio.Event(), asyncio.Event()

    async def wait(_: Path) -> None:
        began.set()
        await goes_on.wait()

    rig = Rig(tmp_path, wait)
    assert (rig.value("slots"), rig.value("lease_seconds")) == (4, 30)
    assert rig.value("lease_age_seconds") == 0
    running = asyncio.create_task(rig.convert())
    await began.wait()
    assert rig.value("slots_in_use") == 1
    assert rig.value("lease_age_seconds") > 0
    goes_on.set()
    await running
    assert rig.value("slots_in_use") == 0
    assert rig.value("lease_age_seconds") == 0


async def test_a_run_that_ends_with_its_worker_is_handed_back(tmp_path: Path) -> None:
    began = asyncio.Event()

    async def wait(_: Path) -> None:
        began.set()
        await asyncio.Event().wait()

    rig = Rig(tmp_path, wait)
    running = asyncio.create_task(rig.convert())
    await began.wait()
    running.cancel()
    await asyncio.wait({running})
    assert rig.value("runs_total", outcome="handed_back") == 1
