"""Which PID of a transport stream's sound takes the place of another one, by the map tables in turn."""

from collections.abc import Collection, Iterator, Sequence
from collections.abc import Set as AbstractSet

from converter_service.media.scan_budget import ScanStopped
from converter_service.media.transport_packets import NULL_PID
from converter_service.media.transport_tables import Entry

# More than a recording changes its PIDs.
MAX_MOVED = 64


class Succession:
    """`moved` are PIDs and those that they get instead: the first one that the same sound had.

    `has_strays`: sound took the place of some that ended, but cannot be joined to it.
    """

    def __init__(self) -> None:
        self.moved: dict[int, int] = {}
        self.has_strays = False
        # PIDs whose first packet ends those of another one.
        self._ends: dict[int, int] = {}

    def follow(
        self, before: Sequence[Entry] | None, now: Sequence[Entry], others: AbstractSet[int] = frozenset()
    ) -> None:
        """Compares a program's map table with the one that it replaces; `others` are the PIDs that other
        programs list, which stay as they are. Raises ScanStopped if too many PIDs have moved.
        """
        listed = {entry.pid for entry in now}
        heard = {entry.pid for entry in now if entry.sound}
        earlier = None if before is None else {entry.pid for entry in before}
        self._give_up(earlier, listed, heard, others)
        self._ends = {new: old for new, old in self._ends.items() if old not in listed}
        if before is None:
            return
        known = {entry.pid for entry in before if entry.sound}
        ended = [entry for entry in before if entry.sound and entry.pid not in heard]
        begun = [entry for entry in now if entry.sound and entry.pid not in known]
        is_single = len(known) == len(heard) == 1
        joined = list(_pairs(ended, begun, is_single=is_single))
        for old, new in joined:
            self._join(old.pid, new.pid, listed, others)
        self.has_strays |= len(joined) < min(len(ended), len(begun))
        if len(self.moved) > MAX_MOVED:
            raise ScanStopped

    def reach(self, pid: int) -> None:
        """A packet of this PID is there: what it takes the place of has ended."""
        if (old := self._ends.pop(pid, None)) is not None:
            self.moved[old] = NULL_PID

    @property
    def awaited(self) -> Collection[int]:
        return self._ends.keys()

    def _give_up(
        self,
        earlier: AbstractSet[int] | None,
        listed: AbstractSet[int],
        heard: AbstractSet[int],
        others: AbstractSet[int],
    ) -> None:
        """Leaves PIDs alone from here on that a table uses for something else."""
        returning = set(self._ends.values())
        for pid, target in tuple(self.moved.items()):
            is_shared = pid in others and bool(listed & {pid, target})
            if pid in listed:
                is_taken = (
                    earlier is None or pid not in heard or pid in returning or target in listed | {NULL_PID}
                )
            else:
                # The rest of a stream that has just moved back is still to come.
                is_taken = target in listed and pid not in (earlier or ())
            if is_shared or is_taken:
                del self.moved[pid]
                self._ends.pop(pid, None)
                self.has_strays |= is_shared or (earlier is None and target != NULL_PID)

    def _join(self, old: int, new: int, listed: AbstractSet[int], others: AbstractSet[int]) -> None:
        first = self.moved.get(old, old)
        if first == NULL_PID or new in others or first in others or (first in listed and first != new):
            self.has_strays = True
            return
        if first == new:
            self.moved.pop(new, None)
        else:
            self.moved[new] = first
        if old not in listed | others:
            self._ends[new] = old


def _pairs(
    ended: Sequence[Entry], begun: Sequence[Entry], *, is_single: bool
) -> Iterator[tuple[Entry, Entry]]:
    """Streams of one codec, those of the same languages first; those of two languages only if each table
    has a single sound (`is_single`).
    """
    ended, begun = list(ended), list(begun)
    for is_strict in (True, False):
        for new in tuple(begun):
            for old in ended:
                if old.sound is new.sound and (
                    old.languages == new.languages
                    if is_strict
                    else is_single or not old.languages or not new.languages
                ):
                    ended.remove(old)
                    begun.remove(new)
                    yield old, new
                    break
