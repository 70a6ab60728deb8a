"""Saves whose reply is lost, at each save of an upload and a run: there is still one outcome."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.events import EventFactory
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.processor_quota import ProcessorQuota
from converter_service.conversions.quota import Quota, QuotaLimits
from converter_service.jobs.context import JobLimits
from converter_service.jobs.job import Job
from converter_service.jobs.metrics import JobMetrics
from converter_service.storage.scratch import LocalScratch
from converter_service.uploads.service import UploadLimits, UploadService
from shared.clock import utc_now
from shared.contracts.events import ConversionCompleted, VideoUploaded
from shared.errors import Unavailable
from shared.identity.principal import Principal
from shared.messaging.envelope import Envelope, unwrap
from shared.messaging.errors import Retry
from tests.support.in_memory.conversions import MemoryBlobs, MemoryConversions
from tests.support.in_memory.processor_use import MemoryProcessorUse
from tests.support.in_memory.queue import MemoryQueue
from tests.support.request_body import body_of
from tests.support.wait import until
from tests.support.worker_harness import VIDEO, ScriptedTranscoder

ALICE = Principal(user_id="alice", email="alice@example.org", roles=frozenset())
MINUTE = timedelta(minutes=1)
QUICK = timedelta(seconds=0.4)


class LossyStore(MemoryConversions):
    """Raises Unavailable after the `lost`th save, counted from 1, has succeeded."""

    def __init__(self, lost: int = 0) -> None:
        super().__init__()
        self.lost = lost
        self.saves = 0

    async def save(self, conversion: Conversion, *events: Envelope) -> Conversion:
        saved = await super().save(conversion, *events)
        self.saves += 1
        if self.saves == self.lost:
            raise Unavailable
        return saved


async def at_once() -> None: ...


class Upload:
    """A video in three pieces; `before_each` runs before each of them, `pause` before the last."""

    filename = "talk.mp4"
    announced_size = None
    announced_sha256 = None

    def __init__(
        self, before_each: Callable[[], None] = lambda: None, pause: Callable[[], Awaitable[None]] = at_once
    ) -> None:
        self._before_each = before_each
        self._pause = pause
        self.body = body_of(self._pieces())

    async def _pieces(self) -> AsyncIterator[bytes]:
        for number in range(3):
            self._before_each()
            if number == 2:
                await self._pause()
            yield VIDEO

    async def fields(self) -> Mapping[str, str]:
        return {}


def event_factory() -> EventFactory:
    return EventFactory(timedelta(days=1), utc_now)


def upload_service(
    store: MemoryConversions, blobs: MemoryBlobs, silence: timedelta, max_bytes: int = 10**9
) -> UploadService:
    limits = UploadLimits(max_bytes, silence)
    cleanup, quota = Cleanup(store, blobs), Quota(store, MemoryQueue(store), QuotaLimits())
    return UploadService(store, blobs, cleanup, event_factory(), limits=limits, clock=utc_now, quota=quota)


def events(store: MemoryConversions) -> list[type]:
    return [type(unwrap(waiting.envelope)) for waiting in store.outbox]


async def test_an_upload_is_accepted_although_the_last_reply_was_lost() -> None:
    store, blobs = LossyStore(lost=1), MemoryBlobs()
    service = upload_service(store, blobs, MINUTE)
    accepted = await service.accept(ALICE, Upload())
    assert store.contents == {accepted.id: accepted}
    assert accepted.status is State.QUEUED
    assert events(store) == [VideoUploaded]


async def test_a_stalled_upload_keeps_its_lease() -> None:
    store, blobs = MemoryConversions(), MemoryBlobs()

    async def for_long() -> None:
        [conversion] = store.contents.values()
        first = conversion.due_at
        await until(lambda: store.contents[conversion.id].due_at != first, what="a heartbeat")

    service = upload_service(store, blobs, QUICK)
    accepted = await service.accept(ALICE, Upload(pause=for_long))
    assert accepted.status is State.QUEUED
    assert events(store) == [VideoUploaded]


@pytest.mark.parametrize("lost", range(1, 6))
async def test_any_lost_reply_leaves_one_audio_and_one_event(tmp_path: Path, lost: int) -> None:
    """Saves: claimed, described, completed; later ones are heartbeats or cleanup."""
    store, blobs = LossyStore(), MemoryBlobs()
    service = upload_service(store, blobs, MINUTE)
    accepted = await service.accept(ALICE, Upload())
    store.lost = store.saves + lost
    scratch = LocalScratch(tmp_path, spare_bytes=0)
    scratch.open()
    transcoder = ScriptedTranscoder()
    job = Job(
        store=store,
        queue=MemoryQueue(store),
        blobs=blobs,
        cleanup=Cleanup(store, blobs),
        transcoder=transcoder,
        scratch=scratch,
        events=event_factory(),
        processor_quota=ProcessorQuota(MemoryProcessorUse(), 0, utc_now),
        limits=JobLimits("worker", timedelta(seconds=0.2), 3, timedelta(days=1), MINUTE),
        clock=utc_now,
        metrics=JobMetrics(CollectorRegistry()),
    )
    await _until_settled(store, job, accepted.id)
    scratch.close()
    done = store.contents[accepted.id]
    assert done.status is State.COMPLETED
    assert set(blobs.contents) == {done.source_blob, done.audio_blob}
    assert events(store) == [VideoUploaded, ConversionCompleted]


async def _until_settled(store: MemoryConversions, job: Job, conversion_id: str) -> None:
    """Redelivers like the broker after each Retry, with the retry time brought forward."""
    for _ in range(20):
        try:
            await job.run(conversion_id)
        except Retry:
            await asyncio.sleep(0.05)
            store.contents[conversion_id] = replace(store.contents[conversion_id], retry_at=None)
        else:
            return
    raise AssertionError("it never settled")
