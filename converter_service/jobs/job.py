"""A worker's one job: take a conversion, turn it into verified audio, and be sure that it happens once."""

import asyncio

from converter_service.conversions.events import EventFactory
from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Failure
from converter_service.conversions.ports import BlobMissing, Blobs, ConversionStore, Queue
from converter_service.jobs.claim import COME_BACK_S, Claiming
from converter_service.jobs.context import Run, WorkLimits
from converter_service.jobs.fair_queue import Fairness
from converter_service.jobs.heartbeat import Heartbeat
from converter_service.jobs.outcome import Outcomes
from converter_service.jobs.run import Running, Scratch
from converter_service.media.transcoder import MediaError, Transcoder, TranscoderUnavailable
from shared.clock import Clock
from shared.errors import Unavailable
from shared.logs import bind_correlation, get_logger
from shared.messaging.errors import Retry
from shared.tasks import asked_to_end

__all__ = ["Scratch", "Work", "WorkLimits"]

log = get_logger(__name__)


class Work:
    """`run` may be called by any number of workers, for the same conversion, as often as messages come.

    A message says that there is something to do. It is the fairest that is done, not the one it names.
    """

    def __init__(
        self,
        *,
        store: ConversionStore,
        queue: Queue,
        blobs: Blobs,
        transcoder: Transcoder,
        scratch: Scratch,
        events: EventFactory,
        limits: WorkLimits,
        clock: Clock,
    ) -> None:
        self._outcomes = Outcomes(store, blobs, events, limits, clock)
        self._claiming = Claiming(store, Fairness(queue, limits), self._outcomes, limits, clock)
        self._heartbeat = Heartbeat(store, limits, clock)
        self._running = Running(
            store=store,
            blobs=blobs,
            transcoder=transcoder,
            scratch=scratch,
            outcomes=self._outcomes,
            limits=limits,
        )

    async def run(self, conversion_id: str) -> None:
        """Returns when nothing is left to do. Raises Retry when somebody else is at it, or after a fault.

        Cancelled, it hands the conversion back at once, and the attempt does not count.
        """
        try:
            run = await self._claiming.claim(conversion_id)
            if run is not None:
                # Mostly that of the message, but it is the fairest that is done.
                with bind_correlation(run.conversion.correlation_id, run.id):
                    await self._attempt(run)
        except Unavailable as away:
            raise Retry(COME_BACK_S, str(away), counts=False) from away

    def look(self, conversion_id: str) -> None:
        """It is said to have been cancelled or deleted: a run of it here finds out at once."""
        self._heartbeat.look(conversion_id)

    async def _attempt(self, run: Run) -> None:
        try:
            await self._heartbeat.during(run, self._running.convert(run))
        except LeaseLost:
            await self._outcomes.abandon(run)
        except MediaError as fault:
            log.info("media refused", conversion_id=run.id, code=fault.code, diagnosis=fault.diagnosis)
            await self._outcomes.fail(run, Failure(fault.code.value, fault.message))
        except asyncio.CancelledError:
            if not asked_to_end():
                await self._outcomes.try_again(run)
                return
            await self._outcomes.hand_back(run)
            raise
        except (TranscoderUnavailable, Unavailable, BlobMissing, TimeoutError, OSError) as fault:
            log.warning("run failed", conversion_id=run.id, run=run.conversion.attempts, reason=repr(fault))
            await self._outcomes.try_again(run, fault)
        except Exception:  # a fault in the program must not leave a conversion without an end
            log.exception("run broke", conversion_id=run.id, run=run.conversion.attempts)
            await self._outcomes.try_again(run)
