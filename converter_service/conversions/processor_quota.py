"""The processor seconds that an account may use within a day."""

import contextlib
from datetime import timedelta

from converter_service.conversions.ports import ProcessorUse
from shared.clock import Clock
from shared.errors import RateLimited, Unavailable

DAY = timedelta(hours=24)
RETRY_AFTER_S = 900


# A run may use so much more than expected before it is counted anew: estimates are rough.
TOLERANCE, TOLERANCE_S = 2.0, 60.0


class ProcessorTimeUsedUp(Exception):
    """The run needs more processor seconds than the account has left; the text says so."""


class ProcessorQuota:
    """Counts what runs are expected to use from their start, what they use once that is far more, and what
    they used from their end.

    The use of a run whose worker dies stays at the expected one. With `limit_s` 0 there is no limit, and
    nothing is recorded.
    """

    def __init__(self, use: ProcessorUse, limit_s: int, clock: Clock) -> None:
        self._use = use
        self._limit_s = limit_s
        self._clock = clock

    async def check(self, owner_id: str) -> None:
        """Raises RateLimited if the account has nothing left, and Unavailable."""
        if self._limit_s and await self._used_s(owner_id) >= self._limit_s:
            raise RateLimited(
                f"The account has used its {self._limit_s} processor seconds of 24 hours; try again later.",
                retry_after_s=RETRY_AFTER_S,
            )

    async def reserve(self, owner_id: str, run_id: str, expected_s: float) -> None:
        """Counts the run as expected. Of concurrent runs all may be refused, but they never exceed the limit
        together. Raises ProcessorTimeUsedUp and Unavailable.
        """
        if not self._limit_s:
            return
        await self._use.record(run_id, owner_id, expected_s, self._clock())
        others_s = await self._used_s(owner_id) - expected_s
        if others_s + expected_s <= self._limit_s:
            return
        await self._use.record(run_id, owner_id, 0.0, self._clock())
        left_s = max(0.0, self._limit_s - others_s)
        raise ProcessorTimeUsedUp(
            f"The conversion would use about {expected_s:.0f} processor seconds; {left_s:.0f} are left of "
            f"the {self._limit_s} that an account has for 24 hours."
        )

    async def check_running(self, owner_id: str, run_id: str, *, expected_s: float, used_s: float) -> None:
        """Counts a run as measured that has used far more than expected. Raises ProcessorTimeUsedUp if the
        account's limit is then exceeded, and Unavailable.
        """
        if not self._limit_s or used_s <= TOLERANCE * expected_s + TOLERANCE_S:
            return
        await self._use.record(run_id, owner_id, used_s, self._clock())
        if await self._used_s(owner_id) > self._limit_s:
            raise ProcessorTimeUsedUp(
                f"The conversion has used {used_s:.0f} processor seconds, far more than the {expected_s:.0f} "
                f"that were expected, and the account has none left of the {self._limit_s} for 24 hours."
            )

    async def settle(self, owner_id: str, run_id: str, used_s: float) -> None:
        """Counts the run as measured. If the store is unavailable, the expected use stays."""
        if self._limit_s:
            with contextlib.suppress(Unavailable):
                await self._use.record(run_id, owner_id, used_s, self._clock())

    async def _used_s(self, owner_id: str) -> float:
        return await self._use.used(owner_id, self._clock() - DAY)
