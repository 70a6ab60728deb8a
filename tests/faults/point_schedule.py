"""Order of fail points: each point of a role comes up once before any is repeated, in an order set by the
seed.
"""

import random
from collections import Counter

from tests.faults.fail_points import names, role_of

REPLICATED = frozenset({"worker", "gateway"})


class PointSchedule:
    """Each process has its own shuffled list, so that its order is independent of other processes.

    Two replicas start with one half each and continue with all. A point that was not hit is queued again.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._cards: dict[tuple[str, str], list[str]] = {}
        self._rounds: Counter[tuple[str, str]] = Counter()
        self.reached: Counter[tuple[str, str, str]] = Counter()
        self.unreached: Counter[tuple[str, str, str]] = Counter()
        self._in_play: set[tuple[str, str]] = set()
        self.stopped_without_effect = 0

    def draw(self, name: str, signum: str) -> str:
        """Returns the next fail point of a process."""
        self._in_play.add((role_of(name), signum))
        if not self._cards.get((name, signum)):
            self._cards[name, signum] = self._shuffled(name, signum)
        return self._cards[name, signum].pop()

    def _shuffled(self, name: str, signum: str) -> list[str]:
        """Shuffles the points of a role; replicas get the same order, of which each takes one half."""
        role, round_ = role_of(name), self._rounds[name, signum]
        self._rounds[name, signum] += 1
        cards = names(role)
        random.Random(f"{self._seed} {role} {signum} {round_}").shuffle(cards)
        if round_ or role not in REPLICATED:
            return cards
        return cards[1::2] if name != role else cards[::2]

    def note(self, name: str, signum: str, point: str, *, is_hit: bool) -> None:
        place = (role_of(name), signum, point)
        if is_hit:
            self.reached[place] += 1
            return
        self.unreached[place] += 1
        self._cards[name, signum].insert(0, point)

    @property
    def armed(self) -> int:
        return self.reached.total() + self.unreached.total()

    @property
    def never_reached(self) -> list[str]:
        """Points never hit, of all roles and signals that were used."""
        return sorted(
            f"{role} {signum} {point}"
            for role, signum in self._in_play
            for point in names(role)
            if (role, signum, point) not in self.reached
        )
