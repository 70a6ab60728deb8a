"""One run of a conversion: fetch the video, transcode it, store the audio."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from converter_service.conversions.blobs import Blobs, Stored
from converter_service.conversions.model import Conversion, Result
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.processor_quota import ProcessorQuota, ProcessorTimeUsedUp
from converter_service.conversions.quota import Quota
from converter_service.conversions.result_details import ResultDetails
from converter_service.conversions.transitions.run import (
    digest_recorded,
    earlier_blobs_deleted,
    result_reserved,
    source_described,
)
from converter_service.conversions.update import change
from converter_service.jobs.checksum import Checksum
from converter_service.jobs.context import JobLimits, RunContext
from converter_service.jobs.metrics import JobMetrics
from converter_service.jobs.outcome import JobOutcome
from converter_service.jobs.ports import Scratch
from converter_service.jobs.processor_watch import ProcessorWatch
from converter_service.jobs.result_cache import ResultCache
from converter_service.jobs.result_details import DetailsWriter
from converter_service.jobs.retry_policy import retry_unavailable
from converter_service.jobs.source_tracks import describe_tracks
from converter_service.media.errors import Fault, MediaError, TranscoderUnavailable
from converter_service.media.expected_size import expected_bytes
from converter_service.media.expected_work import expected_processor_s
from converter_service.media.media_info import AudioTrack, MediaInfo
from converter_service.media.option_parser import parse_stored
from converter_service.media.option_problems import BadOptions
from converter_service.media.options import Options
from converter_service.media.processor_time import metered
from converter_service.media.track_preference import preferred
from converter_service.media.transcoder import Output, Transcoder
from shared.errors import TooLarge
from shared.tasks import cancel_all

QUOTA_EXCEEDED = "The audio would exceed the storage quota of the account."


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionRun:
    store: ConversionStore
    blobs: Blobs
    transcoder: Transcoder
    scratch: Scratch
    outcome: JobOutcome
    quota: Quota
    processor_quota: ProcessorQuota
    processor_watch: ProcessorWatch
    limits: JobLimits
    metrics: JobMetrics

    async def execute(self, run: RunContext) -> None:
        """Runs until the conversion is completed. Raises LeaseLost, MediaError, TimeoutError and others."""
        async with asyncio.timeout(self.limits.run_timeout.total_seconds()):
            await self._delete_earlier_blobs(run)
            options = parse_options(run.conversion)
            result = await ResultCache(self.store, self.blobs).copy_for(run) or await self._make(run, options)
            await self._reserve(run, result.size)
            with self.metrics.phase("record"):
                await self.outcome.complete(run, result)

    async def _make(self, run: RunContext, options: Options) -> Result:
        """Transcodes; the processor time counts for the account, also that of a run that fails."""
        with metered() as used:
            try:
                return await self.processor_watch.bound(run, used, self._transcode(run, options))
            finally:
                self.metrics.count_processor_time(used.seconds)
                await self.processor_quota.settle(run.conversion.owner_id, run.token, used.seconds)

    async def _transcode(self, run: RunContext, options: Options) -> Result:
        size = run.conversion.source.size or 0
        await self._check_capacity(size)
        async with self.scratch.room(size) as room:
            source = room / "source"
            with self.metrics.phase("fetch"):
                is_digested_here = await self._fetch(run, source)
            self.metrics.count_source(size)
            if is_digested_here and (known := await ResultCache(self.store, self.blobs).copy_for(run)):
                return known
            with self.metrics.phase("probe"):
                info = await self.transcoder.probe(source)
            await self._describe(run, info, options)
            await self._check_quota(run)
            await self._reserve_processor_time(run, expected_processor_s(info, options, size))
            needed = size + run.conversion.reserved_bytes
            await self._check_capacity(needed)
            await self.scratch.reserve(room, needed)
            with self.metrics.phase("encode"):
                output = await self.transcoder.convert(source, info, options, room / "audio", run.report)
            if output.source_duration_s is not None:
                await self._describe(run, replace(info, duration_s=output.source_duration_s), options)
            await self._reserve(run, output.size_bytes)
            with self.metrics.phase("store"):
                (stored, crc32), details = await self._store_and_describe(run, output)
            self.metrics.count_result(output)
        await DetailsWriter(self.blobs).store(run, details)
        return Result(
            size=stored.size,
            duration=output.duration_s,
            format=output.format,
            bitrate=output.bitrate_bps,
            sha256=stored.sha256,
            gaps=round(output.gaps_s, 3) or None,
            crc32=crc32,
        )

    async def _check_capacity(self, needed_bytes: int) -> None:
        """Raises MediaError for more than the disk could ever offer: no other time is better to try again."""
        if needed_bytes > await self.scratch.capacity():
            raise MediaError(Fault.TOO_LONG, "The conversion needs more room than the worker's disk has.")

    async def _fetch(self, run: RunContext, target: Path) -> bool:
        """Returns True if the SHA-256 was computed here (resumable uploads arrive without one)."""
        seen = hashlib.sha256()
        await self.scratch.save(self._source(run.conversion, seen), target)
        if run.conversion.source.sha256 is not None:
            return False
        await self._change(run, lambda newest: digest_recorded(newest, run.token, seen.hexdigest()))
        return True

    async def _source(self, conversion: Conversion, seen: "hashlib._Hash") -> AsyncIterator[bytes]:
        for blob in conversion.source_blobs:
            async for piece in await self.blobs.open(blob):
                if conversion.source.sha256 is None:
                    seen.update(piece)
                yield piece

    async def _delete_earlier_blobs(self, run: RunContext) -> None:
        """Deletes the blobs of earlier runs. Those still writing lost their lease and clean up themselves."""
        mine = (run.blob_id, run.details_id)
        earlier = [blob for blob in run.conversion.temporary_blobs if blob not in mine]
        for blob in earlier:
            await self.blobs.delete(blob)
        if earlier:
            await self._change(run, lambda newest: earlier_blobs_deleted(newest, run.token, *mine))

    async def _describe(self, run: RunContext, info: MediaInfo, options: Options) -> None:
        track, size = likely_track(info, options), run.conversion.source.size or 0
        await self._change(
            run,
            lambda newest: source_described(
                newest,
                run.token,
                duration=info.duration_s,
                container=info.container,
                audio_codec=track.codec if track else None,
                audio_tracks=describe_tracks(info),
                result_bytes=expected_bytes(info, track, options, size),
            ),
        )

    async def _reserve(self, run: RunContext, size: int) -> None:
        """Reserves the known size of the audio. Raises LeaseLost, MediaError."""
        if size > run.conversion.reserved_bytes:
            await self._change(run, lambda newest: result_reserved(newest, run.token, size))
            await self._check_quota(run)

    async def _check_quota(self, run: RunContext) -> None:
        try:
            await self.quota.check_result(run.conversion)
        except TooLarge as error:
            raise MediaError(Fault.TOO_LONG, QUOTA_EXCEEDED, error.detail) from error

    async def _reserve_processor_time(self, run: RunContext, expected_s: float) -> None:
        try:
            await self.processor_quota.reserve(run.conversion.owner_id, run.token, expected_s)
        except ProcessorTimeUsedUp as error:
            raise MediaError(Fault.TOO_LONG, str(error)) from error
        run.expected_processor_s = expected_s

    async def _store_and_describe(
        self, run: RunContext, output: Output
    ) -> tuple[tuple[Stored, int], ResultDetails]:
        """Stores the audio, and makes its waveform in the meantime."""
        making = asyncio.create_task(self.transcoder.waveform(output))
        try:
            stored = await self._store_audio(run, output)
            return stored, ResultDetails(await making, output.chapters)
        finally:
            await cancel_all({making})

    @retry_unavailable
    async def _store_audio(self, run: RunContext, output: Output) -> tuple[Stored, int]:
        """Stores the audio, and returns its CRC-32 as well; can be repeated, since nothing refers to the blob
        yet.
        """
        await self.blobs.delete(run.blob_id)
        checksum = Checksum()
        stored = await self.blobs.write(run.blob_id, checksum.of(self.scratch.load(output.path)))
        if stored.size != output.size_bytes:
            raise TranscoderUnavailable("the verified file changed while it was stored")
        return stored, checksum.crc32

    async def _change(self, run: RunContext, step: Callable[[Conversion], Conversion]) -> None:
        run.conversion = await change(self.store, run.id, step)


def parse_options(conversion: Conversion) -> Options:
    """Parses stored options. Raises MediaError if they are no longer valid."""
    try:
        return parse_stored(conversion.options)
    except BadOptions as bad:
        message = "The options of this conversion cannot be met."
        raise MediaError(Fault.BAD_OPTIONS, message, str(bad)) from bad


def likely_track(info: MediaInfo, options: Options) -> AudioTrack | None:
    """The track that the transcoder will most likely choose: the requested one, else the preferred one."""
    tracks = info.audio_tracks
    if options.audio_track is not None and options.audio_track < len(tracks):
        return tracks[options.audio_track]
    return next(iter(preferred(tracks)), None)
