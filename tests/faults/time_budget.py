"""Time budget of a run: reduces the repetitions of each scenario on a slow machine, so that all fit."""

import time
from collections.abc import Callable


class TimeBudget:
    """Distributes `minutes` over the `planned` cost of all scenarios, by the measured time per cost."""

    def __init__(self, minutes: float, planned: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began_at = clock()
        self._ends_at = self._began_at + 60 * minutes
        self._left = planned
        self._done = 0.0

    def times(self, wanted: int) -> int:
        """Returns how often to run a scenario planned `wanted` times; at least once."""
        now = self._clock()
        if not self._done:
            return wanted
        needed_s = self._left * (now - self._began_at) / self._done
        return max(1, min(wanted, round(wanted * (self._ends_at - now) / needed_s)))

    def note(self, wanted: float, done: float) -> None:
        """Records that `done` of the `wanted` cost was spent; the rest is dropped."""
        self._left -= wanted
        self._done += done
