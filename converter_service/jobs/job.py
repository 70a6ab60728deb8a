"""The worker's job for a message: claim a conversion, run it, and record exactly one outcome."""

import asyncio

from converter_service.conversions.blobs import BlobMissing, Blobs
from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.events import EventFactory
from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Failure
from converter_service.conversions.ports import ConversionStore, Queue
from converter_service.conversions.processor_quota import ProcessorQuota
from converter_service.conversions.quota import Quota, QuotaLimits
from converter_service.jobs.claim import CONFLICT_RETRY_S, JobClaim
from converter_service.jobs.context import JobLimits, RunContext
from converter_service.jobs.fair_queue import FairQueue
from converter_service.jobs.heartbeat import Heartbeat
from converter_service.jobs.metrics import JobMetrics
from converter_service.jobs.outcome import JobOutcome
from converter_service.jobs.ports import Scratch
from converter_service.jobs.processor_watch import ProcessorWatch
from converter_service.jobs.run import ConversionRun
from converter_service.media.errors import MediaError, TranscoderUnavailable
from converter_service.media.transcoder import Transcoder
from shared.clock import Clock
from shared.errors import Unavailable
from shared.logs import bind_correlation, get_logger
from shared.messaging.errors import Retry
from shared.tasks import cancel_requested

log = get_logger(__name__)


class Job:
    """Runs conversions; safe to call concurrently and repeatedly for the same message.

    A message means that a conversion is queued. Which one is run is decided by the fair queue, not by the
    message.
    """

    def __init__(
        self,
        *,
        store: ConversionStore,
        queue: Queue,
        blobs: Blobs,
        cleanup: Cleanup,
        transcoder: Transcoder,
        scratch: Scratch,
        events: EventFactory,
        processor_quota: ProcessorQuota,
        limits: JobLimits,
        clock: Clock,
        metrics: JobMetrics,
    ) -> None:
        self._metrics = metrics
        self._outcome = JobOutcome(store, blobs, cleanup, events, limits=limits, clock=clock, metrics=metrics)
        self._claim = JobClaim(store, FairQueue(queue, limits), self._outcome, limits, clock)
        self.heartbeat = Heartbeat(store, limits, clock)
        self._run = ConversionRun(
            store=store,
            blobs=blobs,
            transcoder=transcoder,
            scratch=scratch,
            outcome=self._outcome,
            quota=Quota(store, queue, QuotaLimits(account_bytes=limits.account_bytes)),
            processor_quota=processor_quota,
            processor_watch=ProcessorWatch(processor_quota),
            limits=limits,
            metrics=metrics,
        )

    async def run(self, conversion_id: str) -> None:
        """Returns when there is nothing left to do. Raises Retry if the conversion may be ready later, also
        after an error.

        When cancelled, requeues the conversion at once without counting an attempt.
        """
        try:
            run = await self._claim.claim(conversion_id)
            if run is not None:
                # Not necessarily the conversion that the message names.
                with bind_correlation(run.conversion.correlation_id, run.id), self._metrics.run():
                    await self._attempt(run)
        except Unavailable as error:
            raise Retry(CONFLICT_RETRY_S, str(error), counts=False) from error

    async def _attempt(self, run: RunContext) -> None:
        try:
            await self.heartbeat.keep_alive(run, self._run.execute(run))
        except LeaseLost:
            await self._outcome.discard(run)
        except MediaError as error:
            log.info("media rejected", conversion_id=run.id, code=error.code, diagnosis=error.diagnosis)
            await self._outcome.fail(run, Failure(error.code.value, error.message))
        except asyncio.CancelledError:
            if not cancel_requested():
                await self._outcome.retry(run)
                return
            await self._outcome.hand_back(run)
            raise
        except (TranscoderUnavailable, Unavailable, BlobMissing, TimeoutError, OSError) as error:
            log.warning("run failed", conversion_id=run.id, run=run.conversion.attempts, reason=repr(error))
            await self._outcome.retry(run, error)
        except Exception:  # a bug must not leave a conversion without an outcome
            log.exception("run failed unexpectedly", conversion_id=run.id, run=run.conversion.attempts)
            await self._outcome.retry(run)
