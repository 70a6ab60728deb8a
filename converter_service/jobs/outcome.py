"""How a run ends, recorded once: completed, failed, handed back, or thrown away."""

import contextlib
from datetime import datetime, timedelta

from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.events import EventFactory
from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion, Failure, Result, State
from converter_service.conversions.ports import Blobs, ConversionStore
from converter_service.conversions.transitions.finish import completed, failed, failed_by
from converter_service.conversions.transitions.queue import requeued
from converter_service.conversions.update import change
from converter_service.jobs.context import Run, WorkLimits
from converter_service.jobs.persistence import persistently
from converter_service.jobs.retry_policy import is_charged, pause_after
from converter_service.media.transcoder import Fault
from shared.clock import Clock
from shared.errors import Unavailable
from shared.logs import get_logger
from shared.messaging.delivery_history import tier_for
from shared.messaging.errors import Retry
from shared.messaging.subscriptions import CONVERTER_WORKER

# It is ready when its message comes back, and hardly sooner: no other's message should be spent on it.
BEFORE_ITS_MESSAGE = timedelta(seconds=0.5)
GAVE_UP = Failure(Fault.INTERNAL_ERROR.value, "Something went wrong on our side. Trying again did not help.")

log = get_logger(__name__)


class Outcomes:
    """Every write is filtered by the run's token: what it lost to somebody else it does not touch."""

    def __init__(
        self, store: ConversionStore, blobs: Blobs, events: EventFactory, limits: WorkLimits, clock: Clock
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._events = events
        self._limits = limits
        self._clock = clock
        self._cleanup = Cleanup(store, blobs)

    async def complete(self, run: Run, result: Result) -> None:
        """Its audio is stored. Raises LeaseLost, and Unavailable when the store stays away."""
        await persistently(lambda: self._record_completion(run, result))

    async def _record_completion(self, run: Run, result: Result) -> None:
        """After a save whose answer was lost it finds its own work done."""
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
                self._events.completed,
            )
        log.info("conversion completed", conversion_id=run.id, size_bytes=result.size)
        with contextlib.suppress(Unavailable, LeaseLost):
            await self._cleanup.delete_temporary_blobs(newest)

    async def fail(self, run: Run, failure: Failure) -> None:
        """Tries again on its own: the verdict is final, only its record is late."""
        await persistently(lambda: self._record_failure(run, failure))

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
                self._events.failed,
            )
        except LeaseLost:
            await self.abandon(run)
            return
        log.info("conversion failed", conversion_id=run.id, code=failure.code)
        with contextlib.suppress(Unavailable, LeaseLost):
            await self._cleanup.delete_temporary_blobs(over)

    async def give_up(self, conversion: Conversion) -> None:
        """Every attempt it had has died: whatever it is that kills them, there is an end to it.

        Raises VersionConflict when somebody was faster.
        """
        over = failed(conversion, GAVE_UP, now=self._clock(), retention=self._limits.retention)
        saved = await self._store.save(over, *self._events.failed(over))
        log.error("conversion given up", conversion_id=saved.id, runs=saved.attempts)
        await self._cleanup.delete_temporary_blobs(saved)

    async def try_again(self, run: Run, fault: Exception | None = None) -> None:
        """Back into the queue with a growing pause; when all attempts are used up, failed for good.

        For some hours a machine that is unfit for any video costs this one no attempt. A store that is away
        is waited for: a lease that lapsed would cost one.
        """
        now, attempts = self._clock(), run.conversion.attempts
        waited = now - (run.conversion.started_at or now)
        charged = is_charged(fault, waited)
        if charged and attempts > self._limits.max_retries:
            await self.fail(run, GAVE_UP)
            return
        pause = tier_for(
            timedelta(seconds=pause_after(fault, attempts, waited)), CONVERTER_WORKER.retry_tiers
        )
        retry_at = now + pause - BEFORE_ITS_MESSAGE
        try:
            await persistently(lambda: self._release(run, attempt_counts=charged, retry_at=retry_at))
        except LeaseLost:
            await self.abandon(run)
            return
        raise Retry(pause.total_seconds(), "the run failed", counts=False)

    async def hand_back(self, run: Run) -> None:
        """If this fails the lease lapses, and the sweeper does it."""
        try:
            await self._release(run, attempt_counts=False)
        except LeaseLost:
            await self.abandon(run)
        except Unavailable:
            return

    async def _release(self, run: Run, *, attempt_counts: bool, retry_at: datetime | None = None) -> None:
        run.conversion = await change(
            self._store,
            run.id,
            lambda newest: requeued(
                newest, run.token, self._clock(), attempt_counts=attempt_counts, retry_at=retry_at
            ),
        )
        log.info("conversion handed back", conversion_id=run.id, attempt_counts=attempt_counts)

    async def abandon(self, run: Run) -> None:
        """Fenced off or deleted: removes what it may have stored, unless that is the audio by now."""
        with contextlib.suppress(Unavailable):
            newest = await self._store.get(run.id)
            if newest is not None and newest.audio_blob == run.blob_id:
                return
            log.info("conversion lost to somebody else", conversion_id=run.id)
            await self._blobs.delete(run.blob_id)
            if newest and newest.deleted_at and newest.lease and newest.lease.token == run.token:
                await self._cleanup.purge(newest)
            elif newest and newest.status is State.CANCELLED:
                await self._cleanup.delete_temporary_blobs(newest)
