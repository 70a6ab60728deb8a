"""Which fail point comes next: each of a role's in turn, in an order that the seed decides."""

import random
from collections import Counter, defaultdict

from tests.faults.points import names, role_of


class Deck:
    """Drawn from until it is empty, then shuffled anew: in a whole run each point of each role has its turn.
    One that nobody came by goes back to the bottom.
    """

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._cards: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.reached: Counter[tuple[str, str]] = Counter()
        self.unreached: Counter[tuple[str, str]] = Counter()

    def draw(self, name: str, fate: str) -> str:
        """A point of this process; a replica goes on with what the first of its role has left."""
        cards = self._cards[role_of(name), fate]
        if not cards:
            cards += names(role_of(name))
            self._dice.shuffle(cards)
        return cards.pop()

    def note(self, name: str, fate: str, point: str, *, is_hit: bool) -> None:
        if is_hit:
            self.reached[role_of(name), point] += 1
            return
        self.unreached[role_of(name), point] += 1
        self._cards[role_of(name), fate].insert(0, point)

    @property
    def armed(self) -> int:
        return self.reached.total() + self.unreached.total()

    @property
    def never_reached(self) -> list[str]:
        """Those that were armed, each time in vain."""
        return sorted(
            f"{role} {point}" for role, point in self.unreached if (role, point) not in self.reached
        )
