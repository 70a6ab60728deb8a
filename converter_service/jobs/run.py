"""The steps of one run: fetch the video, convert it, store the audio."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from converter_service.conversions.model import Conversion, Result
from converter_service.conversions.ports import Blobs, ConversionStore, Stored
from converter_service.conversions.transitions.run import (
    digest_recorded,
    earlier_blobs_deleted,
    source_described,
)
from converter_service.conversions.update import change
from converter_service.jobs.context import Run, WorkLimits
from converter_service.jobs.outcome import Outcomes
from converter_service.jobs.persistence import persistently
from converter_service.jobs.result_cache import Reusing
from converter_service.media.options import BadOptions, Options, restored
from converter_service.media.transcoder import (
    AudioTrack,
    Fault,
    MediaError,
    MediaInfo,
    Output,
    Transcoder,
    TranscoderUnavailable,
)


class Scratch(Protocol):
    """Room for files while a conversion runs."""

    def room(self, needed_bytes: int) -> AbstractAsyncContextManager[Path]:
        """A private, empty directory, gone afterwards. Raises OSError when there is too little space."""

    async def save(self, chunks: AsyncIterator[bytes], path: Path) -> None: ...

    def load(self, path: Path) -> AsyncIterator[bytes]: ...


class Running:
    def __init__(
        self,
        *,
        store: ConversionStore,
        blobs: Blobs,
        transcoder: Transcoder,
        scratch: Scratch,
        outcomes: Outcomes,
        limits: WorkLimits,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._transcoder = transcoder
        self._scratch = scratch
        self._outcomes = outcomes
        self._reusing = Reusing(store, blobs)
        self._longest_s = limits.longest.total_seconds()

    async def convert(self, run: Run) -> None:
        """Up to its completion. Raises what went wrong: LeaseLost, MediaError, TimeoutError and others."""
        async with asyncio.timeout(self._longest_s):
            await self._steps(run)

    async def _steps(self, run: Run) -> None:
        await self._clear_debris(run)
        options = asked(run.conversion)
        result = await self._reusing.result(run) or await self._made(run, options)
        await self._outcomes.complete(run, result)

    async def _made(self, run: Run, options: Options) -> Result:
        size = run.conversion.source.size or 0
        async with self._scratch.room(size) as room:
            source = room / "source"
            if await self._fetch(run, source) and (known := await self._reusing.result(run)):
                return known
            info = await self._transcoder.probe(source)
            await self._describe(run, info, options)
            output = await self._transcoder.convert(source, info, options, room / "audio", run.report)
            stored = await persistently(lambda: self._put_away(run, output))
        return Result(
            size=stored.size,
            duration=output.duration_s,
            format=output.format,
            bitrate=output.bitrate_bps,
            sha256=stored.sha256,
        )

    async def _fetch(self, run: Run, target: Path) -> bool:
        """True when its digest is known only now: nobody has read a video before that came in requests."""
        seen = hashlib.sha256()
        await self._scratch.save(self._source(run.conversion, seen), target)
        if run.conversion.source.sha256 is not None:
            return False
        await self._change(run, lambda newest: digest_recorded(newest, run.token, seen.hexdigest()))
        return True

    async def _source(self, conversion: Conversion, seen: "hashlib._Hash") -> AsyncIterator[bytes]:
        for blob in conversion.source_blobs:
            async for piece in await self._blobs.open(blob):
                if conversion.source.sha256 is None:
                    seen.update(piece)
                yield piece

    async def _clear_debris(self, run: Run) -> None:
        """What earlier runs left. Their writers are fenced off and remove what they write after this."""
        earlier = [blob for blob in run.conversion.temporary_blobs if blob != run.blob_id]
        for blob in earlier:
            await self._blobs.delete(blob)
        if earlier:
            await self._change(run, lambda newest: earlier_blobs_deleted(newest, run.token, run.blob_id))

    async def _describe(self, run: Run, info: MediaInfo, options: Options) -> None:
        track = likely_track(info, options)
        codec = track.codec if track else None
        await self._change(
            run,
            lambda newest: source_described(
                newest, run.token, duration=info.duration_s, container=info.container, audio_codec=codec
            ),
        )

    async def _put_away(self, run: Run, output: Output) -> Stored:
        """Stored again from the start after a failure: nothing refers to the blob yet."""
        await self._blobs.delete(run.blob_id)
        stored = await self._blobs.write(run.blob_id, self._scratch.load(output.path))
        if stored.size != output.size_bytes:
            raise TranscoderUnavailable("the verified file changed while it was stored")
        return stored

    async def _change(self, run: Run, step: Callable[[Conversion], Conversion]) -> None:
        run.conversion = await change(self._store, run.id, step)


def asked(conversion: Conversion) -> Options:
    """Raises MediaError for stored options that are not (any more) on offer: no other run would take them."""
    try:
        return restored(conversion.options)
    except BadOptions as bad:
        message = "The options of this conversion cannot be met."
        raise MediaError(Fault.BAD_OPTIONS, message, str(bad)) from bad


def likely_track(info: MediaInfo, options: Options) -> AudioTrack | None:
    """The one asked for, else the default one, else the first; the transcoder has the last word."""
    tracks = info.audio_tracks
    if options.audio_track is not None and options.audio_track < len(tracks):
        return tracks[options.audio_track]
    return next((track for track in tracks if track.is_default), tracks[0] if tracks else None)
