"""Records the outcome of a run exactly once: completed, failed, requeued or discarded."""

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from converter_service.conversions.blobs import Blobs
from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.events import EventFactory
from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion, Failure, Result, State
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.transitions.finish import completed, failed, failed_by
from converter_service.conversions.transitions.queue import requeued
from converter_service.conversions.update import change
from converter_service.jobs.context import JobLimits, RunContext
from converter_service.jobs.metrics import JobMetrics
from converter_service.jobs.retry_policy import counts_as_attempt, delay_s, retry_unavailable
from converter_service.media.errors import Fault
from shared.clock import Clock
from shared.errors import Unavailable
from shared.logs import get_logger
from shared.messaging.delivery_history import tier_for
from shared.messaging.errors import Retry
from shared.messaging.subscriptions import CONVERTER_WORKER

# A conversion is ready shortly before its message comes back, so that no other message is used up on it.
BEFORE_ITS_MESSAGE = timedelta(seconds=0.5)
GAVE_UP = Failure(Fault.INTERNAL_ERROR.value, "Something went wrong on our side. Trying again did not help.")

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """Saves the outcome of a run. Every write requires the lease token of that run."""

    store: ConversionStore
    blobs: Blobs
    cleanup: Cleanup
    events: EventFactory
    limits: JobLimits
    clock: Clock
    metrics: JobMetrics

    @retry_unavailable
    async def complete(self, run: RunContext, result: Result) -> None:
        """Completes the conversion, whose audio is stored. Raises LeaseLost and Unavailable.

        Idempotent: if the reply to an earlier save was lost, the conversion is completed already.
        """
        newest = await self.store.get(run.id)
        if newest is None or newest.audio_blob != run.blob_id:
            newest = await change(
                self.store,
                run.id,
                lambda current: completed(
                    current,
                    run.token,
                    run.blob_id,
                    result,
                    now=self.clock(),
                    retention=self.limits.retention,
                    details_blob=run.details_blob,
                    unwritten=run.unwritten,
                ),
                self.events.completed,
            )
        self.metrics.count_run("completed")
        log.info("conversion completed", conversion_id=run.id, size_bytes=result.size)
        with contextlib.suppress(Unavailable, LeaseLost):
            await self.cleanup.delete_temporary_blobs(newest)

    @retry_unavailable
    async def fail(self, run: RunContext, failure: Failure) -> None:
        """Fails the conversion for good. Raises Unavailable after retries."""
        newest = await self.store.get(run.id)
        if newest is not None and newest.status is State.FAILED:
            return
        try:
            over = await change(
                self.store,
                run.id,
                lambda current: failed_by(
                    current, run.token, failure, now=self.clock(), retention=self.limits.retention
                ),
                self.events.failed,
            )
        except LeaseLost:
            await self.discard(run)
            return
        self.metrics.count_run("failed")
        self.metrics.count_failure(failure.code)
        log.info("conversion failed", conversion_id=run.id, code=failure.code)
        with contextlib.suppress(Unavailable, LeaseLost):
            await self.cleanup.delete_temporary_blobs(over)

    async def give_up(self, conversion: Conversion) -> None:
        """Fails a conversion whose attempts all ended without an outcome. Raises VersionConflict."""
        over = failed(conversion, GAVE_UP, now=self.clock(), retention=self.limits.retention)
        saved = await self.store.save(over, *self.events.failed(over))
        self.metrics.count_failure(GAVE_UP.code)
        log.error("conversion failed, attempts used up", conversion_id=saved.id, runs=saved.attempts)
        await self.cleanup.delete_temporary_blobs(saved)

    async def retry(self, run: RunContext, error: Exception | None = None) -> None:
        """Requeues the conversion with a delay and raises Retry; fails it if its attempts are used up.

        Waits for an unavailable store, because an expired lease would count as an attempt.
        """
        now, attempts = self.clock(), run.conversion.attempts
        waited = now - (run.conversion.started_at or now)
        counts = counts_as_attempt(error, waited)
        if counts and attempts > self.limits.max_retries:
            await self.fail(run, GAVE_UP)
            return
        delay = tier_for(timedelta(seconds=delay_s(error, attempts, waited)), CONVERTER_WORKER.retry_tiers)
        retry_at = now + delay - BEFORE_ITS_MESSAGE
        try:
            await retry_unavailable(self._release)(run, attempt_counts=counts, retry_at=retry_at)
        except LeaseLost:
            await self.discard(run)
            return
        self.metrics.count_run("requeued")
        raise Retry(delay.total_seconds(), "the run failed", counts=False)

    async def hand_back(self, run: RunContext) -> None:
        """Requeues the conversion without counting an attempt; if that fails, the sweeper does it later."""
        try:
            await self._release(run, attempt_counts=False)
        except LeaseLost:
            await self.discard(run)
        except Unavailable:
            self.metrics.count_run("discarded")
        else:
            self.metrics.count_run("handed_back")

    async def _release(
        self, run: RunContext, *, attempt_counts: bool, retry_at: datetime | None = None
    ) -> None:
        run.conversion = await change(
            self.store,
            run.id,
            lambda newest: requeued(
                newest, run.token, self.clock(), attempt_counts=attempt_counts, retry_at=retry_at
            ),
        )
        log.info("conversion requeued", conversion_id=run.id, attempt_counts=attempt_counts)

    async def discard(self, run: RunContext) -> None:
        """Deletes the blobs of a run that lost its lease, unless they have become the conversion's result."""
        self.metrics.count_run("discarded")
        with contextlib.suppress(Unavailable):
            newest = await self.store.get(run.id)
            if newest is not None and newest.audio_blob == run.blob_id:
                return
            log.info("lease lost, run discarded", conversion_id=run.id)
            await self.blobs.delete(run.blob_id)
            if run.unwritten is None:
                await self.blobs.delete(run.details_id)
            if newest and newest.deleted_at and newest.lease and newest.lease.token == run.token:
                await self.cleanup.purge(newest)
            elif newest and newest.status is State.CANCELLED:
                await self.cleanup.delete_temporary_blobs(newest)
