"""Taking a conversion: of all workers that want it, exactly one gets it."""

import contextlib

from converter_service.clock import Clock, new_id
from converter_service.conversion import Conversion, Lease, State, claimable, claimed
from converter_service.outcomes import Outcomes
from converter_service.ports import ConversionStore, Stale
from converter_service.runs import Run, WorkLimits
from shared.logs import get_logger
from shared.messaging.errors import Retry

CLAIM_TRIES = 5
COME_BACK_S = 2.0


class Claiming:
    def __init__(self, store: ConversionStore, outcomes: Outcomes, limits: WorkLimits, clock: Clock) -> None:
        self._store = store
        self._outcomes = outcomes
        self._limits = limits
        self._clock = clock

    async def claim(self, conversion_id: str) -> Run | None:
        """None when nothing is left to do. Raises Retry when somebody else is at it."""
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
                    await self._outcomes.give_up(conversion)
                    return None
                return await self._take(conversion)
        raise Retry(COME_BACK_S, "too many at once", counts=False)

    async def _take(self, conversion: Conversion) -> Run:
        token, blob_id, now = new_id(), new_id(), self._clock()
        lease = Lease(token, self._limits.worker, now + self._limits.lease)
        taken = await self._store.save(claimed(conversion, lease, blob_id, now))
        get_logger(__name__).info("conversion taken", conversion_id=taken.id, run=taken.attempts)
        return Run(taken, token, blob_id)
