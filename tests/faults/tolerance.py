"""Times at which a fault may repeat a mail or webhook: between its acceptance and our record of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.faults.notifications import Repeat

# What was accepted this long before a fault may still wait for its record, on a busy machine.
BEFORE_S = 2.0


@dataclass
class Tolerance:
    """Collects the windows of single injections, in seconds since the epoch."""

    windows: list[tuple[float, float]] = field(default_factory=list)

    def add(self, began: float, healed: float) -> None:
        self.windows.append((began - BEFORE_S, healed))

    def covers(self, repeat: Repeat) -> bool:
        """True if each copy that was followed by another arrived during such a fault."""
        return all(any(first <= each <= last for first, last in self.windows) for each in repeat.times[:-1])

    def split(self, repeats: Iterable[tuple[str, Repeat]]) -> tuple[list[str], list[str]]:
        """Returns the repetitions that are tolerated, and those that are not."""
        tolerated, wrong = list[str](), list[str]()
        for identity, repeat in repeats:
            (tolerated if self.covers(repeat) else wrong).append(f"{identity}: {repeat}")
        return tolerated, wrong
