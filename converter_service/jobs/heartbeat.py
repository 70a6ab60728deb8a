"""While a run lasts, its lease is renewed; when the lease is lost, the run ends."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Never, TypeVar

from converter_service.conversions.lease_renewal import run_while_renewing
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.transitions.run import renewed
from converter_service.conversions.update import change
from converter_service.jobs.context import Run, WorkLimits
from shared.clock import Clock
from shared.errors import Unavailable

T = TypeVar("T")
LONGEST_BEAT_S = 1.0


class Heartbeat:
    """Writes down that a run is alive, and how far it is."""

    def __init__(self, store: ConversionStore, limits: WorkLimits, clock: Clock) -> None:
        self._store = store
        self._lease = limits.lease
        self._clock = clock
        self._asleep: dict[str, asyncio.Event] = {}

    async def during(self, run: Run, work: Coroutine[object, object, T]) -> T:
        """What `work` returns. Raises LeaseLost, with `work` cancelled, when the run is not its any more."""
        woken = self._asleep[run.id] = asyncio.Event()
        try:
            return await run_while_renewing(work, self._beat(run, woken))
        finally:
            if self._asleep.get(run.id) is woken:
                del self._asleep[run.id]

    def look(self, conversion_id: str) -> None:
        """Something is said to have happened to it: the run here, if there is one, beats at once and sees."""
        if woken := self._asleep.get(conversion_id):
            woken.set()

    async def _beat(self, run: Run, woken: asyncio.Event) -> Never:
        """Keeps the lease and tells how far it is. Raises LeaseLost when it is somebody else's, or deleted.

        While the store is away nobody can take the run over, and afterwards the token tells whether somebody
        has: no reason to stop.
        """
        beat_s = min(LONGEST_BEAT_S, self._lease.total_seconds() / 3)
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(beat_s):
                    await woken.wait()
            woken.clear()
            with contextlib.suppress(Unavailable):
                await change(
                    self._store,
                    run.id,
                    lambda newest: renewed(newest, run.token, self._clock() + self._lease, run.progress),
                )
