"""Claims a queued conversion: of all workers that compete for it, exactly one gets the lease."""

import asyncio
import random
from dataclasses import dataclass
from datetime import datetime

from converter_service.conversions.identifiers import new_id
from converter_service.conversions.lease import Lease
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import ConversionStore, VersionConflict
from converter_service.conversions.transitions.queue import claimable, is_waiting_to_retry
from converter_service.conversions.transitions.run import claimed
from converter_service.jobs.context import JobLimits, RunContext
from converter_service.jobs.fair_queue import AccountsAtLimit, FairQueue
from converter_service.jobs.outcome import JobOutcome
from shared.clock import Clock
from shared.logs import bind_correlation, get_logger
from shared.messaging.errors import Retry

CLAIM_TRIES = 10
# The longest pause after the first conflict; workers that compete for one conversion then try again spread
# out.
CONFLICT_PAUSE_S = 0.02
CONFLICT_RETRY_S = 2.0
AT_LIMIT_RETRY_S = 5.0
# While all waiting accounts are at their limit, the queue is polled a few times before the message is
# returned: hundreds of messages that come back every few seconds would load broker and store, and end as dead
# letters.
POLL_S = 1.0
POLLS = 10

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class JobClaim:
    """Chooses the next conversion for a message and takes its lease.

    There are as many messages as queued conversions, so that each message may run any of them. The sweeper
    re-announces conversions that still have no message.
    """

    store: ConversionStore
    fair_queue: FairQueue
    outcome: JobOutcome
    limits: JobLimits
    clock: Clock

    async def claim(self, named_id: str) -> RunContext | None:
        """Claims the next conversion for a message that names `named_id`; None if nothing is ready.

        Raises Retry if something may be ready later: the named conversion waits for its retry or is run by
        another worker, or all waiting accounts are at their limit.
        """
        for _ in range(POLLS):
            try:
                return await self._next(named_id)
            except AccountsAtLimit:
                await asyncio.sleep(POLL_S)
        raise Retry(AT_LIMIT_RETRY_S, "all waiting accounts are at their limit", counts=False)

    async def _next(self, named_id: str) -> RunContext | None:
        for tries in range(1, CLAIM_TRIES + 1):
            named, now = await self.store.get(named_id), self.clock()
            wanted = await self._choose(named, now)
            if wanted is None:
                raise_if_ready_later(named, now)
                return None
            try:
                with bind_correlation(wanted.correlation_id, wanted.id):
                    return await self._begin(wanted)
            except VersionConflict:
                await asyncio.sleep(random.uniform(0, CONFLICT_PAUSE_S * tries))  # noqa: S311, jitter
        raise Retry(CONFLICT_RETRY_S, "too many conflicting claims", counts=False)

    async def _choose(self, named: Conversion | None, now: datetime) -> Conversion | None:
        """The named conversion if its lease has expired, else the fair queue's next.

        The named one gets no precedence otherwise: accounts take turns, and within an account the oldest
        comes first. Raises AccountsAtLimit.
        """
        if named is not None and named.status is State.CONVERTING and claimable(named, now):
            return named
        return await self.fair_queue.next(now)

    async def _begin(self, wanted: Conversion) -> RunContext | None:
        """None if its attempts are used up; then it fails. Raises VersionConflict."""
        if wanted.attempts > self.limits.max_retries:
            await self.outcome.give_up(wanted)
            return None
        token, blob_id, details_id, now = new_id(), new_id(), new_id(), self.clock()
        lease = Lease(token, self.limits.worker, now + self.limits.lease)
        taken = await self.store.save(claimed(wanted, lease, blob_id, now, details_id=details_id))
        self.fair_queue.served(taken.owner_id)
        about = {"conversion_id": taken.id, "run": taken.attempts, "worker": self.limits.worker}
        if wanted.status is State.CONVERTING:
            log.warning("lease expired, conversion claimed again", **about, was_with=wanted.worker)
        else:
            log.info("conversion claimed", **about)
        return RunContext(taken, token, blob_id, details_id)


def raise_if_ready_later(named: Conversion | None, now: datetime) -> None:
    """Raises Retry if the named conversion is run by another worker or waits for its retry."""
    if named is None or named.deleted_at:
        return
    if named.status is State.CONVERTING and named.lease is not None:
        wait = (named.lease.until - now).total_seconds()
        raise Retry(wait + 1.0, "another worker holds the lease", counts=False)
    if named.status is State.QUEUED and named.retry_at and is_waiting_to_retry(named, now):
        raise Retry((named.retry_at - now).total_seconds(), "waiting for its retry time", counts=False)
