"""The programs of a transport stream and their map tables, by the association tables in turn."""

import msgspec

from converter_service.media.scan_budget import ScanStopped
from converter_service.media.transport_packets import PAT_PID
from converter_service.media.transport_succession import Succession
from converter_service.media.transport_tables import Entry, clock_pid, map_entries, programs

# More than a multiplex has.
MAX_PROGRAMS = 64
# The PID of its map tables, and the program's number: several may share a PID.
Program = tuple[int, int]


class Map(msgspec.Struct, frozen=True):
    """A map table, and the streams that it lists."""

    section: bytes
    entries: tuple[Entry, ...]


class Programs:
    def __init__(self, succession: Succession) -> None:
        self._succession = succession
        self._current: set[Program] = set()
        self._maps: dict[Program, Map] = {}
        # The parts of an association table by their places.
        self._sections: dict[int, bytes] = {}

    @property
    def table_pids(self) -> set[int]:
        return {PAT_PID, *(pid for pid, _ in self._current)}

    def associate(self, section: bytes) -> None:
        """Takes a section of an association table. Raises ScanStopped if there are too many programs."""
        if self._sections.get(section[6]) == section:
            return
        last = section[7]
        if any(_table(each) != _table(section) for each in self._sections.values()):
            self._sections.clear()
        self._sections[section[6]] = section
        if not all(at in self._sections for at in range(last + 1)):
            return
        named = {each for part in self._sections.values() for each in programs(part)}
        if len(named) > MAX_PROGRAMS:
            raise ScanStopped
        self._hand_over(self._current - named, named - self._current)
        self._current = named

    def describe(self, program: Program, section: bytes) -> tuple[Entry, ...]:
        """Takes a map table, and returns the streams that it lists; none for programs that do not exist."""
        if program not in self._current:
            return ()
        known = self._maps.get(program)
        if known is not None and known.section == section:
            return known.entries
        entries = tuple(map_entries(section))
        if entries:
            apart = [each for other, each in self._maps.items() if other != program]
            others = {entry.pid for each in apart for entry in each.entries}
            others.update(clock_pid(each.section) for each in apart)
            self._succession.follow(None if known is None else known.entries, entries, others)
            self._maps[program] = Map(section, entries)
        return entries

    def _hand_over(self, ended: set[Program], begun: set[Program]) -> None:
        """Programs whose tables get another PID keep them, and so does the only one in place of the only
        one. What is left of others may go on as something else.
        """
        maps = {program: self._maps.pop(program) for program in ended if program in self._maps}
        pairs = [(old, new) for old in ended for new in begun if old[1] == new[1]]
        rest = ended - {old for old, _ in pairs}, begun - {new for _, new in pairs}
        if all(len(each) == 1 for each in rest):
            pairs += zip(*rest, strict=True)
        for old, new in pairs:
            if old in maps and new not in self._maps:
                self._maps[new] = maps.pop(old)
        self._succession.has_strays |= bool(maps)


def _table(section: bytes) -> tuple[bytes, int]:
    """What all sections of an association table have in common."""
    return section[3:6], section[7]
