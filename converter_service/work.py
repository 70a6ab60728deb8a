"""A worker's one job: take a conversion, turn it into verified audio, and be sure that it happens once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Never, Protocol, TypeVar

from msgspec import Struct

from converter_service.announcing import Announcing
from converter_service.changes import change
from converter_service.cleaning import Cleaning
from converter_service.clock import Clock, new_id
from converter_service.conversion import (
    Conversion,
    Failure,
    Lease,
    LeaseLost,
    Result,
    State,
    claimable,
    claimed,
    completed,
    described,
    failed,
    failed_by,
    handed_back,
    renewed,
    swept,
)
from converter_service.options import BadOptions, Options, restored
from converter_service.patience import is_charged, pause_after
from converter_service.ports import BlobMissing, Blobs, ConversionStore, Stale, Stored, Transcoder
from converter_service.transcoding import (
    AudioTrack,
    Fault,
    MediaError,
    MediaInfo,
    Output,
    TranscoderUnavailable,
)
from shared.errors import Unavailable
from shared.logs import get_logger
from shared.messaging.cancellation import asked_to_end
from shared.messaging.errors import Retry

T = TypeVar("T")
CLAIM_TRIES = 5
LONGEST_BEAT_S = 1.0
COME_BACK_S = 2.0
STORE_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0)
GAVE_UP = Failure(Fault.INTERNAL_ERROR.value, "Something went wrong on our side. Trying again did not help.")

log = get_logger(__name__)


class Scratch(Protocol):
    """Room for files while a conversion runs."""

    def room(self, needed_bytes: int) -> AbstractAsyncContextManager[Path]:
        """A private, empty directory, gone afterwards. Raises OSError when there is too little space."""

    async def save(self, chunks: AsyncIterator[bytes], path: Path) -> None: ...

    def load(self, path: Path) -> AsyncIterator[bytes]: ...


class WorkLimits(Struct, frozen=True):
    """Of one worker. `longest` bounds a whole run, fetching and storing included."""

    worker: str
    lease: timedelta
    max_retries: int
    retention: timedelta
    longest: timedelta


class Run:
    """One attempt: what it took, what proves that it still holds it, and how far it is."""

    def __init__(self, conversion: Conversion, token: str, blob_id: str) -> None:
        self.conversion = conversion
        self.id = conversion.id
        self.token = token
        self.blob_id = blob_id
        self.progress = 0.0

    async def report(self, share: float) -> None:
        """Only noted here; the heartbeat writes it."""
        self.progress = max(self.progress, share)


class Work:
    """`run` may be called by any number of workers, for the same conversion, as often as messages come."""

    def __init__(
        self,
        *,
        store: ConversionStore,
        blobs: Blobs,
        transcoder: Transcoder,
        scratch: Scratch,
        announcing: Announcing,
        limits: WorkLimits,
        clock: Clock,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._transcoder = transcoder
        self._scratch = scratch
        self._announcing = announcing
        self._limits = limits
        self._clock = clock
        self._cleaning = Cleaning(store, blobs)

    async def run(self, conversion_id: str) -> None:
        """Returns when nothing is left to do. Raises Retry when somebody else is at it, or after a fault.

        Cancelled, it hands the conversion back at once, and the attempt does not count.
        """
        try:
            run = await self._claim(conversion_id)
            if run is not None:
                await self._attempt(run)
        except Unavailable as away:
            raise Retry(COME_BACK_S, str(away), counts=False) from away

    async def _claim(self, conversion_id: str) -> Run | None:
        for _ in range(CLAIM_TRIES):
            conversion = await self._store.get(conversion_id)
            if conversion is None or conversion.deleted_at:
                return None
            now = self._clock()
            if not claimable(conversion, now):
                if conversion.status is not State.CONVERTING or conversion.lease is None:
                    return None
                wait = (conversion.lease.until - now).total_seconds()
                raise Retry(wait + 1.0, "somebody else converts it", counts=False)
            with contextlib.suppress(Stale):
                if conversion.attempts > self._limits.max_retries:
                    await self._give_up(conversion)
                    return None
                return await self._take(conversion)
        raise Retry(COME_BACK_S, "too many at once", counts=False)

    async def _take(self, conversion: Conversion) -> Run:
        token, blob_id, now = new_id(), new_id(), self._clock()
        lease = Lease(token, self._limits.worker, now + self._limits.lease)
        taken = await self._store.save(claimed(conversion, lease, blob_id, now))
        log.info("conversion taken", conversion_id=taken.id, run=taken.attempts)
        return Run(taken, token, blob_id)

    async def _give_up(self, conversion: Conversion) -> None:
        """Every attempt it had has died: whatever it is that kills them, there is an end to it."""
        over = failed(conversion, GAVE_UP, now=self._clock(), retention=self._limits.retention)
        saved = await self._store.save(over, *self._announcing.failed(over))
        log.error("conversion given up", conversion_id=saved.id, runs=saved.attempts)
        await self._cleaning.tidy(saved)

    async def _attempt(self, run: Run) -> None:
        try:
            await while_beating(self._bounded(run), self._beat(run))
        except LeaseLost:
            await self._abandon(run)
        except MediaError as fault:
            log.info("media refused", conversion_id=run.id, code=fault.code, diagnosis=fault.diagnosis)
            await self._fail(run, Failure(fault.code.value, fault.message))
        except asyncio.CancelledError:
            if not asked_to_end():
                await self._try_again(run)
                return
            await self._hand_back(run)
            raise
        except (TranscoderUnavailable, Unavailable, BlobMissing, TimeoutError, OSError) as fault:
            log.warning("run failed", conversion_id=run.id, run=run.conversion.attempts, reason=repr(fault))
            await self._try_again(run, fault)
        except Exception:  # a fault in the program must not leave a conversion without an end
            log.exception("run broke", conversion_id=run.id, run=run.conversion.attempts)
            await self._try_again(run)

    async def _bounded(self, run: Run) -> None:
        async with asyncio.timeout(self._limits.longest.total_seconds()):
            await self._steps(run)

    async def _steps(self, run: Run) -> None:
        await self._clear_debris(run)
        options = asked(run.conversion)
        size = run.conversion.source.size or 0
        async with self._scratch.room(size) as room:
            source = room / "source"
            await self._scratch.save(await self._blobs.open(str(run.conversion.source_blob)), source)
            info = await self._transcoder.probe(source)
            await self._describe(run, info, options)
            output = await self._transcoder.convert(source, info, options, room / "audio", run.report)
            stored = await self._persistently(lambda: self._put_away(run, output))
        await self._persistently(lambda: self._complete(run, output, stored))

    async def _clear_debris(self, run: Run) -> None:
        """What earlier runs left. Their writers are fenced off and remove what they write after this."""
        earlier = [blob for blob in run.conversion.debris if blob != run.blob_id]
        for blob in earlier:
            await self._blobs.delete(blob)
        if earlier:
            await self._change(run, lambda newest: swept(newest, run.token, run.blob_id))

    async def _describe(self, run: Run, info: MediaInfo, options: Options) -> None:
        track = likely_track(info, options)
        codec = track.codec if track else None
        await self._change(
            run,
            lambda newest: described(
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

    async def _complete(self, run: Run, output: Output, stored: Stored) -> None:
        """After a save whose answer was lost it finds its own work done."""
        result = Result(
            size=stored.size,
            duration=output.duration_s,
            format=output.format,
            bitrate=output.bitrate_bps,
            sha256=stored.sha256,
        )
        newest = await self._store.get(run.id)
        if newest is None or newest.audio_blob != run.blob_id:
            newest = await change(
                self._store,
                run.id,
                lambda current: completed(
                    current,
                    run.token,
                    run.blob_id,
                    result,
                    now=self._clock(),
                    retention=self._limits.retention,
                ),
                self._announcing.completed,
            )
        log.info("conversion completed", conversion_id=run.id, size_bytes=stored.size)
        with contextlib.suppress(Unavailable, LeaseLost):
            await self._cleaning.tidy(newest)

    async def _persistently(self, step: Callable[[], Awaitable[T]]) -> T:
        """Minutes of conversion are not thrown away because the store is gone for a moment."""
        for pause_s in STORE_PAUSES_S:
            try:
                return await step()
            except Unavailable:
                log.warning("store is away, trying again", again_in_s=pause_s)
                await asyncio.sleep(pause_s)
        return await step()

    async def _beat(self, run: Run) -> Never:
        """Keeps the lease and tells how far it is. Raises LeaseLost when it is somebody else's, or deleted.

        While the store is away nobody can take the run over, and afterwards the token tells whether somebody
        has: no reason to stop.
        """
        beat_s = min(LONGEST_BEAT_S, self._limits.lease.total_seconds() / 3)
        while True:
            await asyncio.sleep(beat_s)
            with contextlib.suppress(Unavailable):
                await change(
                    self._store,
                    run.id,
                    lambda newest: renewed(
                        newest, run.token, self._clock() + self._limits.lease, run.progress
                    ),
                )

    async def _fail(self, run: Run, failure: Failure) -> None:
        """Tries again on its own: the verdict is final, only its record is late."""
        await self._persistently(lambda: self._record_failure(run, failure))

    async def _record_failure(self, run: Run, failure: Failure) -> None:
        newest = await self._store.get(run.id)
        if newest is not None and newest.status is State.FAILED:
            return
        try:
            over = await change(
                self._store,
                run.id,
                lambda current: failed_by(
                    current, run.token, failure, now=self._clock(), retention=self._limits.retention
                ),
                self._announcing.failed,
            )
        except LeaseLost:
            await self._abandon(run)
            return
        log.info("conversion failed", conversion_id=run.id, code=failure.code)
        with contextlib.suppress(Unavailable, LeaseLost):
            await self._cleaning.tidy(over)

    async def _try_again(self, run: Run, fault: Exception | None = None) -> None:
        """Back into the queue with a growing pause; when all attempts are used up, failed for good.

        For some hours a machine that is unfit for any video costs this one no attempt.
        """
        now, attempts = self._clock(), run.conversion.attempts
        waited = now - (run.conversion.started_at or now)
        charged = is_charged(fault, waited)
        if charged and attempts > self._limits.max_retries:
            await self._fail(run, GAVE_UP)
            return
        try:
            await self._release(run, attempt_counts=charged)
        except LeaseLost:
            await self._abandon(run)
            return
        raise Retry(pause_after(fault, attempts, waited), "the run failed", counts=False)

    async def _hand_back(self, run: Run) -> None:
        """If this fails the lease lapses, and the sweeper does it."""
        try:
            await self._release(run, attempt_counts=False)
        except LeaseLost:
            await self._abandon(run)
        except Unavailable:
            return

    async def _release(self, run: Run, *, attempt_counts: bool) -> None:
        await self._change(
            run, lambda newest: handed_back(newest, run.token, self._clock(), attempt_counts=attempt_counts)
        )
        log.info("conversion handed back", conversion_id=run.id, attempt_counts=attempt_counts)

    async def _abandon(self, run: Run) -> None:
        """Fenced off or deleted: removes what it may have stored, unless that is the audio by now."""
        with contextlib.suppress(Unavailable):
            newest = await self._store.get(run.id)
            if newest is not None and newest.audio_blob == run.blob_id:
                return
            log.info("conversion lost to somebody else", conversion_id=run.id)
            await self._blobs.delete(run.blob_id)
            if newest and newest.deleted_at and newest.lease and newest.lease.token == run.token:
                await self._cleaning.bury_own(newest)

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


async def while_beating(work: Coroutine[object, object, T], beat: Coroutine[object, object, Never]) -> T:
    """What `work` returns, unless `beat` raises: then `work` is cancelled, and that error comes out."""
    working, beating = asyncio.create_task(work), asyncio.create_task(beat)
    try:
        await asyncio.wait({working, beating}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        return beating.result()
    finally:
        for task in (working, beating):
            task.cancel()
        await asyncio.gather(working, beating, return_exceptions=True)
