"""Gives sound one PID in a whole MPEG transport stream whose map tables move it to another one.

Broadcasts do so at a change of programme. For libavformat each PID is a track of its own, so that a
conversion would end where the first one does. In our copy the packets keep the first PID, and so do the
tables.
"""

from pathlib import Path
from typing import IO

from converter_service.media.transport_packets import (
    NULL_PID,
    PAT_PID,
    Chunk,
    begins_unit,
    is_scrambled,
    payload,
    read_chunks,
)
from converter_service.media.transport_succession import Succession
from converter_service.media.transport_tables import (
    Entry,
    is_whole,
    map_entries,
    map_pids,
    section_bytes,
    with_pids,
)

# More than tables of a recording differ in.
MAX_KNOWN = 1000


def join_moved_sound(path: Path) -> bool:
    """Changes the file in place; does nothing to other files. True if sound remains that only another track
    has, because its codec changes.
    """
    with path.open("r+b") as file:
        return _join(file)


def _join(file: IO[bytes]) -> bool:
    joints = _Joints()
    for chunk in read_chunks(file):
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


class _Joints:
    def __init__(self) -> None:
        self.succession = Succession()
        self._programs: list[int] = []
        self._maps: dict[int, list[Entry]] = {}
        self._latest: dict[int, bytes] = {}
        self._open: dict[int, _Section] = {}
        self._checked: dict[bytes, bool] = {}

    def take(self, chunk: Chunk) -> None:
        """Reads a chunk's tables in turn, and moves the packets between them."""
        done = 0
        for section in self._open.values():
            section.split()
        upcoming = self._upcoming(chunk, 0, {})
        while upcoming:
            pid = min(upcoming, key=upcoming.__getitem__)
            place = upcoming[pid]
            self._move(chunk, done, place)
            done = place + 1
            self._read(chunk, pid, place)
            upcoming = self._upcoming(chunk, done, {key: at for key, at in upcoming.items() if key != pid})
        self._move(chunk, done, chunk.count)

    def _upcoming(self, chunk: Chunk, start: int, known: dict[int, int]) -> dict[int, int]:
        """The next packet of each table."""
        found = {}
        for pid in (PAT_PID, *self._programs):
            place = known.get(pid)
            place = chunk.find(pid, start, chunk.count) if place is None else place
            found[pid] = chunk.count if place is None else place
        return {pid: place for pid, place in found.items() if place < chunk.count}

    def _read(self, chunk: Chunk, pid: int, place: int) -> None:
        packet = chunk.packet(place)
        content = payload(packet)
        at = place * chunk.step + len(packet) - len(content)
        if begins_unit(packet) and len(content):
            begin = 1 + content[0]
            self._open[pid] = _Section()
            content, at = content[begin:], at + begin
        section = self._open.get(pid)
        if section is None or not len(content):
            return
        missing = section_bytes(section.content + bytes(content)) - len(section.content)
        part = bytes(content[: max(0, missing)])
        section.places.append((place, at, len(part)))
        section.content += part
        if len(section.content) >= section_bytes(section.content) > 0:
            del self._open[pid]
            self._apply(chunk, pid, section)

    def _apply(self, chunk: Chunk, pid: int, section: _Section) -> None:
        if not self._is_whole(section.content):
            return
        is_new = self._latest.get(pid) != section.content
        self._latest[pid] = section.content
        if pid == PAT_PID:
            if is_new:
                self._associate(map_pids(section.content))
            return
        entries = list(map_entries(section.content))
        if is_new and entries:
            self.succession.follow(self._maps.get(pid, entries), entries)
            self._maps[pid] = entries
        if any(entry.pid in self.succession.moved for entry in entries):
            self._rewrite(chunk, section)

    def _is_whole(self, content: bytes) -> bool:
        if content not in self._checked:
            if len(self._checked) >= MAX_KNOWN:
                self._checked.clear()
            self._checked[content] = is_whole(content)
        return self._checked[content]

    def _associate(self, programs: list[int]) -> None:
        """Programs that take the place of others go on with their tables."""
        ended = [pid for pid in self._programs if pid not in programs]
        begun = [pid for pid in programs if pid not in self._programs]
        for old, new in zip(ended, begun, strict=False):
            if old in self._maps:
                self._maps[new] = self._maps.pop(old)
        self._programs = programs

    def _rewrite(self, chunk: Chunk, section: _Section) -> None:
        """A table of which a part is in another chunk is left out: it is repeated soon."""
        if section.is_split:
            for place, _, _ in section.places:
                chunk.move(place, NULL_PID)
            return
        changed = with_pids(section.content, self.succession.moved)
        done = 0
        for _, at, length in section.places:
            chunk.content[at : at + length] = changed[done : done + length]
            done += length
        chunk.is_changed = True

    def _move(self, chunk: Chunk, start: int, stop: int) -> None:
        """Moves the packets between two places."""
        reached = ((chunk.find(pid, start, stop), pid) for pid in self.succession.awaited)
        for place, pid in sorted((place, pid) for place, pid in reached if place is not None):
            self._move_by(self.succession.moved, chunk, start, place)
            self.succession.reach(pid)
            start = place
        self._move_by(self.succession.moved, chunk, start, stop)

    def _move_by(self, moved: dict[int, int], chunk: Chunk, start: int, stop: int) -> None:
        for old, new in moved.items():
            place = chunk.find(old, start, stop)
            while place is not None:
                # Encrypted sound would become noise.
                if new == NULL_PID or not is_scrambled(chunk.packet(place)):
                    chunk.move(place, new)
                place = chunk.find(old, place + 1, stop)
