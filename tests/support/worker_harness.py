"""A worker's jobs on real MongoDB and GridFS, with a scripted transcoder."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.events import EventFactory
from converter_service.conversions.identifiers import new_id
from converter_service.conversions.model import Conversion
from converter_service.conversions.processor_quota import ProcessorQuota
from converter_service.conversions.quota import Quota, QuotaLimits
from converter_service.conversions.transitions.upload import uploaded
from converter_service.jobs.context import JobLimits
from converter_service.jobs.job import Job
from converter_service.jobs.metrics import JobMetrics
from converter_service.maintenance.sweeper import Sweeper
from converter_service.media.media_info import AudioTrack, MediaInfo
from converter_service.media.options import Options
from converter_service.media.transcoder import Output, Progress
from converter_service.media.waveform import Waveform
from converter_service.storage.conversions import MongoConversions
from converter_service.storage.gridfs import GridFSBlobs
from converter_service.storage.outbox import MongoOutbox
from converter_service.storage.presets import MongoPresets
from converter_service.storage.processor_use import MongoProcessorUse
from converter_service.storage.queue import MongoQueue
from converter_service.storage.scratch import LocalScratch
from shared.clock import utc_now
from shared.contracts.events import Event
from shared.messaging.envelope import unwrap
from shared.mongo import Client, database_of
from tests.support.conversions import uploading

VIDEO = b"video" * 100_000
LEASE = timedelta(seconds=1)
RETENTION = timedelta(days=7)
INFO = MediaInfo(
    container="mp4",
    duration_s=2.0,
    audio_tracks=(AudioTrack(index=0, stream=1, codec="aac", channels=2, sample_rate=44_100),),
)


async def do_nothing(_: Path) -> None:
    """A conversion step without side effects."""


class ScriptedTranscoder:
    """Writes a mark and the source's digest as audio; awaits `during` in the middle of a conversion."""

    def __init__(
        self,
        mark: str = "audio",
        during: Callable[[Path], Awaitable[None]] = do_nothing,
        info: MediaInfo = INFO,
        waveform: Waveform | None = None,
    ) -> None:
        self._mark = mark
        self._info = info
        self._waveform = waveform
        self.during = during
        self.began = asyncio.Event()
        self.runs = 0
        self.cancelled = 0

    def audio_of(self, video: bytes) -> bytes:
        return f"{self._mark} of {hashlib.sha256(video).hexdigest()}".encode()

    async def probe(self, source: Path) -> MediaInfo:
        assert source.is_file()
        return self._info

    async def convert(
        self, source: Path, info: MediaInfo, options: Options, target: Path, on_progress: Progress
    ) -> Output:
        self.runs += 1
        await on_progress(0.5)
        self.began.set()
        try:
            await self.during(source)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        audio = self.audio_of(source.read_bytes())
        target.write_bytes(audio)
        return Output(
            format=options.format, bitrate_bps=192_000, duration_s=2.0, size_bytes=len(audio), path=target
        )

    async def waveform(self, output: Output) -> Waveform | None:
        assert output.path.is_file()
        return self._waveform


class WorkerHarness:
    """One database and scratch directory, from which a test creates any number of workers."""

    def __init__(self, client: Client, scratch: Path) -> None:
        self.database = database_of(client)
        self.store = MongoConversions(self.database, utc_now)
        self.queue = MongoQueue(self.database)
        self.processor_use = MongoProcessorUse(self.database)
        self.blobs = GridFSBlobs(self.database, utc_now)
        self.outbox = MongoOutbox(self.database)
        self.presets = MongoPresets(self.database)
        self.events = EventFactory(timedelta(days=1), utc_now)
        self.cleanup = Cleanup(self.store, self.blobs)
        self.quota = Quota(self.store, self.queue, QuotaLimits())
        self.sweeper = Sweeper(self.store, self.cleanup, self.events, timedelta(seconds=0.1), utc_now)
        self.registry = CollectorRegistry()
        self.metrics = JobMetrics(self.registry)
        self._scratch_root = scratch
        self.scratch = LocalScratch(scratch, spare_bytes=0)
        self.scratch.open()

    def worker(
        self,
        transcoder: ScriptedTranscoder,
        *,
        name: str = "worker",
        max_retries: int = 3,
        lease: timedelta = LEASE,
        per_account: int = 0,
        account_bytes: int = 0,
        processor_s: int = 0,
    ) -> Job:
        return Job(
            store=self.store,
            queue=self.queue,
            blobs=self.blobs,
            cleanup=self.cleanup,
            transcoder=transcoder,
            scratch=self.scratch,
            events=self.events,
            processor_quota=ProcessorQuota(self.processor_use, processor_s, utc_now),
            limits=JobLimits(
                name, lease, max_retries, RETENTION, timedelta(minutes=1), per_account, account_bytes
            ),
            clock=utc_now,
            metrics=self.metrics,
        )

    async def queued(self, video: bytes = VIDEO, owner_id: str = "alice", **options: str) -> Conversion:
        """Adds a queued conversion whose video is stored."""

        async def content() -> AsyncIterator[bytes]:
            yield video

        now = utc_now()
        begun = replace(
            uploading(owner_id=owner_id, at=now),
            id=new_id(),
            source_blob=new_id(),
            recipient=f"{owner_id}@example.org",
            due_at=now + timedelta(minutes=1),
        )
        stored = await self.blobs.write(str(begun.source_blob), content())
        conversion = uploaded(
            begun,
            size=stored.size,
            sha256=stored.sha256,
            options={"format": "mp3", "bitrate": "192k", **options},
            now=now,
        )
        await self.store.add(conversion)
        return conversion

    async def now(self, conversion: Conversion) -> Conversion:
        found = await self.store.get(conversion.id)
        assert found is not None
        return found

    async def audio(self, conversion: Conversion) -> bytes:
        blob = (await self.now(conversion)).audio_blob
        assert blob
        return b"".join([piece async for piece in await self.blobs.open(blob)])

    async def announced(self) -> list[Event]:
        """Claims and returns all events in the outbox, in order."""
        return [unwrap(each.envelope) for each in await self.outbox.claim(100, 3600)]

    async def blobs_stored(self) -> set[str]:
        """Ids of all blobs, complete or not."""
        files = await self.database["fs.files"].distinct("_id")
        return set(files) | set(await self.database["fs.chunks"].distinct("files_id"))

    async def expire_lease(self, conversion: Conversion) -> None:
        """Moves the lease's expiry to the past, as if its holder had crashed."""
        newest = await self.now(conversion)
        assert newest.lease is not None
        past = utc_now() - timedelta(seconds=1)
        await self.store.save(replace(newest, lease=replace(newest.lease, until=past), due_at=past))

    async def end_retry_delay(self, conversion: Conversion) -> None:
        """Ends the wait for the next retry."""
        await self.store.save(replace(await self.now(conversion), retry_at=None))

    def scratch_files(self) -> list[Path]:
        return [path for path in self.scratch.home.rglob("*") if path.is_file()]
