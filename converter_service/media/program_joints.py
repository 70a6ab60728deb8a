"""Gives sound one identifier in a whole MPEG program stream that moves it to another one.

Recordings of broadcasts do so at a change of programme: one stream of MPEG sound or one substream (AC-3, DTS,
PCM) ends, and another one of the same kind begins. For libavformat each is a track of its own. In our copy
all packets have the first identifier. Tracks that are heard at the same time stay as they are.
"""

import mmap
import os
from itertools import pairwise
from pathlib import Path

from converter_service.media.program_packets import MAGIC, PACK_BYTES, sound_packets
from converter_service.media.scan_budget import ScanBudget

# Timestamps of a stream that is not interrupted are not so far apart.
GAP = 90_000
# More than a recording changes its identifiers.
MAX_RUNS = 100
# Fewer packets do not show that they lie one behind the other in time.
LEAST_RUN = 8


def join_moved_sound(path: Path, budget: ScanBudget) -> bool:
    """Changes the file in place; does nothing to other files. True if sound remains that only another track
    has. Raises ScanStopped where the scan has to end: what stands before is joined then, the rest is as it
    was.
    """
    with path.open("r+b") as file:
        if file.read(len(MAGIC)) != MAGIC or os.fstat(file.fileno()).st_size < PACK_BYTES:
            return False
        with mmap.mmap(file.fileno(), 0) as data:
            return _join(data, budget)


class _Stream:
    """Where the sound of some identifiers stands in the file, and in time: the first and last timestamps of
    its runs.
    """

    def __init__(self, kind: int, name: int, at: int) -> None:
        self.kind, self.name, self.begin, self.end = kind, name, at, at
        self.count = 0
        self.runs: list[tuple[int, int]] = []

    def add(self, at: int, time: int | None) -> None:
        self.end = at
        self.count += 1
        if time is None or len(self.runs) > MAX_RUNS:
            return
        first, last = self.runs[-1] if self.runs else (-GAP, -GAP - 1)
        if first - GAP < time < last + GAP:
            self.runs[-1] = min(first, time), max(last, time)
        else:
            self.runs.append((time, time))

    def takes_turns(self, other: "_Stream") -> bool:
        """Whether it is the same kind of sound, and never at the same time."""
        if self.kind != other.kind or not self.is_certain or not other.is_certain:
            return False
        return all(one[1] < next_one[0] for one, next_one in pairwise(sorted(self.runs + other.runs)))

    def join(self, other: "_Stream") -> None:
        self.begin, self.end = min(self.begin, other.begin), max(self.end, other.end)
        self.count += other.count
        self.runs += other.runs

    @property
    def is_certain(self) -> bool:
        """Whether enough of its times is known."""
        return 0 < len(self.runs) <= MAX_RUNS and self.count >= LEAST_RUN * len(self.runs)


def _join(data: mmap.mmap, budget: ScanBudget) -> bool:
    streams: dict[tuple[int, int], _Stream] = {}
    for packet in sound_packets(data, budget):
        key = packet.kind, packet.name
        if key not in streams:
            streams[key] = _Stream(*key, packet.at)
        streams[key].add(packet.at, packet.time)
    groups: list[_Stream] = []
    names: dict[tuple[int, int], int] = {}
    for stream in streams.values():
        group = next((each for each in groups if each.takes_turns(stream)), None)
        if group is None:
            groups.append(stream)
        else:
            names[stream.kind, stream.name] = group.name
            group.join(stream)
    if names:
        for packet in sound_packets(data, budget):
            data[packet.at] = names.get((packet.kind, packet.name), packet.name)
    return any(one.begin > other.end for one in groups for other in groups)
