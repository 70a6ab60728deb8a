"""Which fail point comes next: each of a role's in turn, in an order that the seed decides."""

import random
from collections import Counter

from tests.faults.fail_points import names, role_of

REPLICATED = frozenset({"worker", "gateway"})


class PointSchedule:
    """Each process has cards of its own: what one draws depends on nothing that another meets. Two of a role
    begin with a half each, and go on with all: in a whole run each point of each role has its turn. One that
    nobody came by goes back to the bottom.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._cards: dict[tuple[str, str], list[str]] = {}
        self._rounds: Counter[tuple[str, str]] = Counter()
        self.reached: Counter[tuple[str, str, str]] = Counter()
        self.unreached: Counter[tuple[str, str, str]] = Counter()
        self._in_play: set[tuple[str, str]] = set()
        self.slept_in_vain = 0

    def draw(self, name: str, signum: str) -> str:
        """A point of this process."""
        self._in_play.add((role_of(name), signum))
        if not self._cards.get((name, signum)):
            self._cards[name, signum] = self._shuffled(name, signum)
        return self._cards[name, signum].pop()

    def _shuffled(self, name: str, signum: str) -> list[str]:
        """Replicas shuffle the same way, so that their first halves are different ones."""
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
        """Of every role that was to meet a signum at its points, also those whose turn never came."""
        return sorted(
            f"{role} {signum} {point}"
            for role, signum in self._in_play
            for point in names(role)
            if (role, signum, point) not in self.reached
        )
