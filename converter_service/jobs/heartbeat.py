"""Heartbeat: renews the lease of a run and saves its progress; a lost lease cancels the run."""

import asyncio
import contextlib
import time
from collections.abc import Coroutine
from typing import Never, TypeVar

from converter_service.conversions.lease_renewal import run_while_renewing
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.transitions.run import renewed
from converter_service.conversions.update import change
from converter_service.jobs.context import JobLimits, RunContext
from shared.clock import Clock
from shared.errors import Unavailable

T = TypeVar("T")
LONGEST_PERIOD_S = 1.0


class Heartbeat:
    """Beats once a second, or three times per lease duration if that is more often."""

    def __init__(self, store: ConversionStore, limits: JobLimits, clock: Clock) -> None:
        self._store = store
        self._lease = limits.lease
        self._clock = clock
        self._wake_ups: dict[str, asyncio.Event] = {}
        self._renewed_at: dict[str, float] = {}

    async def keep_alive(self, run: RunContext, work: Coroutine[object, object, T]) -> T:
        """Returns the result of `work`. Raises LeaseLost, with `work` cancelled, if the lease is lost."""
        wake_up = self._wake_ups[run.id] = asyncio.Event()
        self._renewed_at[run.token] = time.monotonic()
        try:
            return await run_while_renewing(work, self._beat(run, wake_up))
        finally:
            del self._renewed_at[run.token]
            if self._wake_ups.get(run.id) is wake_up:
                del self._wake_ups[run.id]

    def lease_age_s(self) -> float:
        """Seconds since the longest ago renewal among the leases of this worker; 0 without one."""
        now = time.monotonic()
        return now - min(self._renewed_at.values(), default=now)

    def check_now(self, conversion_id: str) -> None:
        """Renews the lease of a run in this process now, so that its cancellation is noticed immediately."""
        if wake_up := self._wake_ups.get(conversion_id):
            wake_up.set()

    async def _beat(self, run: RunContext, wake_up: asyncio.Event) -> Never:
        """Renews until cancelled. Raises LeaseLost if the token is outdated or the conversion deleted.

        The run continues while the store is unavailable: no other worker can claim the conversion then, and
        afterwards the token shows whether one has.
        """
        period_s = min(LONGEST_PERIOD_S, self._lease.total_seconds() / 3)
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(period_s):
                    await wake_up.wait()
            wake_up.clear()
            with contextlib.suppress(Unavailable):
                await change(
                    self._store,
                    run.id,
                    lambda newest: renewed(newest, run.token, self._clock() + self._lease, run.progress),
                )
                self._renewed_at[run.token] = time.monotonic()
