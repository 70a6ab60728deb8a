"""Taking a conversion: of all workers that want it, exactly one gets it."""

import asyncio
import random
from datetime import datetime

from converter_service.conversions.identifiers import new_id
from converter_service.conversions.lease import Lease
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import ConversionStore, VersionConflict
from converter_service.conversions.transitions.queue import claimable, is_waiting_to_retry
from converter_service.conversions.transitions.run import claimed
from converter_service.jobs.context import Run, WorkLimits
from converter_service.jobs.fair_queue import Fairness, HeldBack
from converter_service.jobs.outcome import Outcomes
from shared.clock import Clock
from shared.logs import bind_correlation, get_logger
from shared.messaging.errors import Retry

CLAIM_TRIES = 10
# Workers that look at the same moment want the same one: all but one of them look again, not all at once.
APART_S = 0.02
COME_BACK_S = 2.0
HELD_BACK_S = 5.0
# While all that waits is held back it is looked again before the message is sent away: hundreds of messages
# that come back every few seconds would keep broker and store busy, and be taken for hopeless in the end.
LOOK_AGAIN_S = 1.0
LOOKS = 10

log = get_logger(__name__)


class Claiming:
    """There are as many messages as conversions in the queue, so that none is left over when each message has
    one of them done. The sweeper announces again what was left over all the same.
    """

    def __init__(
        self,
        store: ConversionStore,
        fairness: Fairness,
        outcomes: Outcomes,
        limits: WorkLimits,
        clock: Clock,
    ) -> None:
        self._store = store
        self._fairness = fairness
        self._outcomes = outcomes
        self._limits = limits
        self._clock = clock

    async def claim(self, named_id: str) -> Run | None:
        """For the message that names this conversion: whatever is to be done next, or None.

        Raises Retry when there may be something later: the one it names rests, or somebody else is at it, or
        for some time enough of all accounts that wait is running.
        """
        for _ in range(LOOKS):
            try:
                return await self._next(named_id)
            except HeldBack:
                await asyncio.sleep(LOOK_AGAIN_S)
        raise Retry(HELD_BACK_S, "enough of these accounts is running", counts=False)

    async def _next(self, named_id: str) -> Run | None:
        for tries in range(1, CLAIM_TRIES + 1):
            named, now = await self._store.get(named_id), self._clock()
            wanted = await self._wanted(named, now)
            if wanted is None:
                come_back_for(named, now)
                return None
            try:
                with bind_correlation(wanted.correlation_id, wanted.id):
                    return await self._begin(wanted)
            except VersionConflict:
                await asyncio.sleep(random.uniform(0, APART_S * tries))  # noqa: S311, jitter
        raise Retry(COME_BACK_S, "too many at once", counts=False)

    async def _wanted(self, named: Conversion | None, now: datetime) -> Conversion | None:
        """One whose worker died has had its turn. Otherwise the oldest of the account whose turn it is, and
        not the one that is named: were its message used up on another's, it would wait for the last of all.

        Raises HeldBack.
        """
        if named is not None and named.status is State.CONVERTING and claimable(named, now):
            return named
        return await self._fairness.next(now)

    async def _begin(self, wanted: Conversion) -> Run | None:
        """None when it has had every run that it may have. Raises VersionConflict."""
        if wanted.attempts > self._limits.max_retries:
            await self._outcomes.give_up(wanted)
            return None
        return await self._take(wanted)

    async def _take(self, conversion: Conversion) -> Run:
        token, blob_id, now = new_id(), new_id(), self._clock()
        lease = Lease(token, self._limits.worker, now + self._limits.lease)
        taken = await self._store.save(claimed(conversion, lease, blob_id, now))
        self._fairness.served(taken.owner_id)
        about = {"conversion_id": taken.id, "run": taken.attempts, "worker": self._limits.worker}
        if conversion.status is State.CONVERTING:
            log.warning("lease lapsed, conversion taken over", **about, was_with=conversion.worker)
        else:
            log.info("conversion taken", **about)
        return Run(taken, token, blob_id)


def come_back_for(named: Conversion | None, now: datetime) -> None:
    """Nothing is ready. Raises Retry when the conversion that the message names will be, or may be."""
    if named is None or named.deleted_at:
        return
    if named.status is State.CONVERTING and named.lease is not None:
        wait = (named.lease.until - now).total_seconds()
        raise Retry(wait + 1.0, "somebody else converts it", counts=False)
    if named.status is State.QUEUED and named.retry_at and is_waiting_to_retry(named, now):
        raise Retry((named.retry_at - now).total_seconds(), "it rests", counts=False)
