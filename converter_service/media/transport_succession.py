"""Which PID of a transport stream's sound takes the place of another one, by the map tables in turn."""

from collections.abc import Iterator, Sequence

from converter_service.media.transport_packets import NULL_PID
from converter_service.media.transport_tables import Entry


class Succession:
    """`moved` are PIDs and those that they get instead: the first one that the same sound had.

    `has_strays`: sound of another codec took the place of one that ended, so that they cannot be joined.
    """

    def __init__(self) -> None:
        self.moved: dict[int, int] = {}
        self.has_strays = False
        # PIDs whose first packet ends those of another one.
        self._ends: dict[int, int] = {}

    def follow(self, before: Sequence[Entry], now: Sequence[Entry]) -> None:
        """Compares a map table with the one that it replaces."""
        listed = {entry.pid for entry in now}
        heard = {entry.pid for entry in now if entry.sound}
        for pid in listed:
            if pid not in heard or self.moved.get(pid) in listed | {NULL_PID}:
                self.moved.pop(pid, None)
        self._ends = {new: old for new, old in self._ends.items() if old not in listed}
        known = {entry.pid for entry in before if entry.sound}
        ended = [entry for entry in before if entry.sound and entry.pid not in heard]
        begun = [entry for entry in now if entry.sound and entry.pid not in known]
        joined = list(_pairs(ended, begun))
        for old, new in joined:
            self._join(old.pid, new.pid, listed)
        self.has_strays |= len(joined) < min(len(ended), len(begun))

    def reach(self, pid: int) -> None:
        """A packet of this PID is there: what it takes the place of has ended."""
        if (old := self._ends.pop(pid, None)) is not None:
            self.moved[old] = NULL_PID

    @property
    def awaited(self) -> frozenset[int]:
        return frozenset(self._ends)

    def _join(self, old: int, new: int, listed: set[int]) -> None:
        first = self.moved.get(old, old)
        if first == new:
            self.moved.pop(new, None)
        elif first in listed:
            self.has_strays = True
            return
        else:
            self.moved[new] = first
        if old not in listed:
            self._ends[new] = old


def _pairs(ended: Sequence[Entry], begun: Sequence[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """Streams of one codec, those of the same languages first."""
    ended, begun = list(ended), list(begun)
    for are_alike in (lambda a, b: a.languages == b.languages, lambda _a, _b: True):
        for new in tuple(begun):
            old = next((each for each in ended if each.sound is new.sound and are_alike(each, new)), None)
            if old is not None:
                ended.remove(old)
                begun.remove(new)
                yield old, new
