"""How often each scenario can be had, so that all fit into the time: a slow machine does less of each."""

import time
from collections.abc import Callable


class TimeBudget:
    """So much `planned` work within `minutes`, where an injection counts for what it costs beside another.
    What work takes is learned from what was done.
    """

    def __init__(self, minutes: float, planned: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began_at = clock()
        self._ends_at = self._began_at + 60 * minutes
        self._left = planned
        self._done = 0.0

    def times(self, wanted: int) -> int:
        """How often to do what should be done `wanted` times; at least once: none is left out."""
        now = self._clock()
        if not self._done:
            return wanted
        needed_s = self._left * (now - self._began_at) / self._done
        return max(1, min(wanted, round(wanted * (self._ends_at - now) / needed_s)))

    def note(self, wanted: float, done: float) -> None:
        """Of the `wanted` work so much was done; the rest is not made up for."""
        self._left -= wanted
        self._done += done
