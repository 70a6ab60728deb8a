"""Which calls succeeded across a stop: only those show that the stop broke nothing off."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

# A stop at a fail point is noticed up to this long after its signal.
NOTICED_S = 0.25


@dataclass
class StopOverlaps:
    """`stops` are the times of the signals, by the monotonic clock; the owner of the list adds to it."""

    stops: list[float]
    done: list[tuple[str, float, float]] = field(default_factory=list)

    def note(self, call: str, began: float) -> None:
        """Notes a call that has just succeeded."""
        self.done.append((call, began, time.monotonic()))

    def lacking(self, calls: Iterable[str]) -> Sequence[str]:
        """Returns the calls of which none that succeeded was in progress at a stop."""
        crossed = {
            call
            for call, began, ended in self.done
            if any(began <= stop - NOTICED_S and stop <= ended for stop in self.stops)
        }
        return [call for call in calls if call not in crossed]
