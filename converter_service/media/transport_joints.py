"""Gives sound one PID in a whole MPEG transport stream whose map tables move it to another one.

Broadcasts do so at a change of programme. For libavformat each PID is a track of its own, so that a
conversion would end where the first one does. In our copy the packets keep the first PID, and so do the
tables.
"""

from pathlib import Path
from typing import IO

from converter_service.media.scan_budget import ScanBudget
from converter_service.media.transport_packets import (
    NULL_PID,
    PAT_PID,
    Chunk,
    begins_unit,
    is_scrambled,
    payload,
    read_chunks,
)
from converter_service.media.transport_programs import Programs
from converter_service.media.transport_succession import Succession
from converter_service.media.transport_tables import (
    ASSOCIATION_TABLE,
    HEAD_BYTES,
    MAP_TABLE,
    is_whole,
    section_bytes,
    subject,
    with_pids,
)

# More than tables of a recording differ in.
MAX_KNOWN = 1000
# Stands for the table of a section where there is none.
FILLING = 0xFF


def join_moved_sound(path: Path, budget: ScanBudget) -> bool:
    """Changes the file in place; does nothing to other files. True if sound remains that only another track
    has, because its codec changes. Raises ScanStopped where the scan has to end: what stands before is
    joined then, the rest is as it was.
    """
    with path.open("r+b") as file:
        return _join(file, budget)


def _join(file: IO[bytes], budget: ScanBudget) -> bool:
    joints = _Joints(budget)
    for chunk in read_chunks(file, budget):
        joints.take(chunk)
    return joints.succession.has_strays


class _Section:
    """A section that is being read: its bytes, and the packets, places and lengths of those in the chunk."""

    def __init__(self) -> None:
        self.places: list[tuple[int, int, int]] = []
        self.content = b""
        self.is_split = False

    def split(self) -> None:
        """The rest of it is in another chunk."""
        self.places.clear()
        self.is_split = True

    @property
    def missing(self) -> int:
        """The bytes up to the next one that tells more: the end of the head, or the section's end."""
        return (section_bytes(self.content) or HEAD_BYTES) - len(self.content)

    def add(self, place: int, at: int, content: memoryview) -> int:
        """Takes what belongs to it, and returns how much that is."""
        done = 0
        while (length := min(self.missing, len(content) - done)) > 0:
            self.places.append((place, at + done, length))
            self.content += content[done : done + length]
            done += length
        return done


class _Joints:
    def __init__(self, budget: ScanBudget) -> None:
        self.succession = Succession()
        self._budget = budget
        self._programs = Programs(self.succession)
        self._tables: set[int] = set()
        # What has to be looked at: packets of tables, and those that move or end others.
        self._watched: set[int] = set()
        self._open: dict[int, _Section] = {}
        self._checked: dict[bytes, bool] = {}
        # Tables and what they become, for `_moved`.
        self._changed: dict[bytes, bytes] = {}
        self._moved: dict[int, int] = {}
        self._watch()

    def take(self, chunk: Chunk) -> None:
        """Reads a chunk's tables in turn, and moves the packets between them."""
        for section in self._open.values():
            section.split()
        watched, tables = self._watched, self._tables
        for place, pid in enumerate(chunk.pids):
            if pid not in watched:
                continue
            if pid in tables:
                self._budget.check()
                self._read(chunk, pid, place)
            else:
                self._move(chunk, pid, place)

    def _watch(self) -> None:
        """Notes what has to be looked at after a table or the end of a stream."""
        self._tables.clear()
        self._tables.update(self._programs.table_pids)
        self._watched.clear()
        self._watched.update(self._tables, self.succession.moved, self.succession.awaited)

    def _read(self, chunk: Chunk, pid: int, place: int) -> None:
        packet = chunk.packet(place)
        content = payload(packet)
        at = place * chunk.step + len(packet) - len(content)
        if not begins_unit(packet) or not len(content):
            self._extend(chunk, pid, place, at, content)
            return
        begin = 1 + content[0]
        self._extend(chunk, pid, place, at + 1, content[1:begin])
        self._open.pop(pid, None)
        while begin < len(content) and content[begin] != FILLING:
            self._open[pid] = _Section()
            begin += self._extend(chunk, pid, place, at + begin, content[begin:])

    def _extend(self, chunk: Chunk, pid: int, place: int, at: int, content: memoryview) -> int:
        """Gives bytes to the section that is being read, and returns how many belong to it."""
        section = self._open.get(pid)
        if section is None:
            return 0
        done = section.add(place, at, content)
        if section.missing <= 0:
            del self._open[pid]
            self._apply(chunk, pid, section)
        return done

    def _apply(self, chunk: Chunk, pid: int, section: _Section) -> None:
        content = section.content
        if not self._is_whole(content):
            return
        if pid == PAT_PID and content[0] == ASSOCIATION_TABLE:
            self._programs.associate(content)
            self._watch()
        elif pid != PAT_PID and content[0] == MAP_TABLE:
            entries = self._programs.describe((pid, subject(content)), content)
            self._watch()
            if any(entry.pid in self.succession.moved for entry in entries):
                self._rewrite(chunk, section)

    def _is_whole(self, content: bytes) -> bool:
        if content not in self._checked:
            if len(self._checked) >= MAX_KNOWN:
                self._checked.clear()
            self._checked[content] = is_whole(content)
        return self._checked[content]

    def _rewrite(self, chunk: Chunk, section: _Section) -> None:
        """A table of which a part is in another chunk is left out: it is repeated soon."""
        if section.is_split:
            for place, _, _ in section.places:
                chunk.move(place, NULL_PID)
            return
        content = section.content
        if self._moved != self.succession.moved or len(self._changed) >= MAX_KNOWN:
            self._moved = dict(self.succession.moved)
            self._changed.clear()
        if content not in self._changed:
            self._changed[content] = with_pids(content, self.succession.moved)
        changed = self._changed[content]
        done = 0
        for _, at, length in section.places:
            chunk.content[at : at + length] = changed[done : done + length]
            done += length
        chunk.is_changed = True

    def _move(self, chunk: Chunk, pid: int, place: int) -> None:
        if pid in self.succession.awaited:
            self.succession.reach(pid)
            self._watch()
        new = self.succession.moved.get(pid)
        # Encrypted sound would become noise.
        if new is not None and (new == NULL_PID or not is_scrambled(chunk.packet(place))):
            chunk.move(place, new)
