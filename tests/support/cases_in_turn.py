"""Distributes the cases of one parametrised test over several generations of a program."""

from collections import Counter
from collections.abc import Mapping, Sequence

Case = Mapping[str, str]
"""Parameter → value."""


def distributed(cases: Sequence[Case], generations: int) -> list[frozenset[int]]:
    """Returns for each case the generations that it runs on, counted from 0.

    With fewer cases than generations every case runs on all of them. Otherwise each case runs on the one
    that has run the values of its parameters least often so far. So in a product of parameters no generation
    is tied to one value, as it would be if the cases were counted off.
    """
    if len(cases) < generations:
        return [frozenset(range(generations))] * len(cases)
    seen = [Counter[tuple[str, str]]() for _ in range(generations)]
    chosen = []
    turn = 0
    for case in cases:
        turns = [(turn + step) % generations for step in range(generations)]
        least = min(
            turns, key=lambda each: (sum(seen[each][value] for value in case.items()), seen[each].total())
        )
        seen[least].update(case.items())
        chosen.append(frozenset({least}))
        turn = least + 1
    return chosen
