"""Gives sound one identifier in a whole MPEG program stream that moves it to another one.

Recordings of broadcasts do so at a change of programme: one stream of MPEG sound or one substream (AC-3, DTS,
PCM) ends, and another one of the same kind begins. For libavformat each is a track of its own. In our copy
all packets have the first identifier.
"""

import mmap
import os
from array import array
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec

PACK, END, PRIVATE = 0xBA, 0xB9, 0xBD
START, MAGIC = b"\0\0\1", b"\0\0\1\xba"
MPEG_SOUND = range(0xC0, 0xE0)
# Substreams of private data, by kind.
SUBSTREAMS = (range(0x80, 0x88), range(0x88, 0x90), range(0xA0, 0xB0), range(0xC0, 0xD0))
# Tracks that are heard at the same time alternate after one packet or two.
LEAST_RUN = 8
HEAD_BYTES, PACK_BYTES, OLD_PACK_BYTES = 6, 14, 12
# More than the largest upload has.
MAX_PACKETS = 50_000_000


class Packet(msgspec.Struct, frozen=True):
    """`at` is the place of the byte that names a packet's stream."""

    kind: int
    name: int
    at: int


def join_moved_sound(path: Path) -> bool:
    """Changes the file in place; does nothing to other files. True if sound remains that only another track
    has.
    """
    with path.open("r+b") as file:
        if file.read(len(MAGIC)) != MAGIC or os.fstat(file.fileno()).st_size < PACK_BYTES:
            return False
        with mmap.mmap(file.fileno(), 0) as data:
            return _join(data)


def _join(data: mmap.mmap) -> bool:
    found: dict[tuple[int, int], array[int]] = defaultdict(lambda: array("Q"))
    for packet in _packets(data):
        found[packet.kind, packet.name].append(packet.at)
    groups: dict[tuple[int, int], list[int]] = {}
    for (kind, name), places in found.items():
        for (group_kind, first), others in groups.items():
            if group_kind == kind and _is_succession(others, places):
                for at in places:
                    data[at] = first
                others.extend(places)
                others.sort()
                break
        else:
            groups[kind, name] = list(places)
    ends = [places[-1] for places in groups.values()]
    return any(places[0] > end for places in groups.values() for end in ends)


def _is_succession(one: list[int], other: "array[int]") -> bool:
    """Whether the packets of two streams take long turns, instead of standing side by side."""
    turns = [bisect(one, at) for at in other]
    runs = 1 + sum(a != b for a, b in pairwise(turns))
    return len(other) >= LEAST_RUN * runs and len(one) >= LEAST_RUN * runs


def _packets(data: mmap.mmap) -> Iterator[Packet]:
    """The packets with sound."""
    at = 0
    for _ in range(MAX_PACKETS):
        if data[at : at + 3] != START:
            at = data.find(START, at)
        if at < 0 or at + PACK_BYTES > len(data):
            return
        identifier = data[at + 3]
        if identifier == PACK:
            is_new = data[at + 4] & 0xC0 == 0x40
            at += PACK_BYTES + (data[at + 13] & 7) if is_new else OLD_PACK_BYTES
        elif identifier < END:
            at += len(START)
        elif identifier == END:
            at += 4
        else:
            if (packet := _sound(data, at, identifier)) is not None:
                yield packet
            at += HEAD_BYTES + int.from_bytes(data[at + 4 : at + 6])


def _sound(data: mmap.mmap, at: int, identifier: int) -> Packet | None:
    if identifier in MPEG_SOUND:
        return Packet(0, identifier, at + 3)
    if identifier != PRIVATE or data[at + HEAD_BYTES] & 0xC0 != 0x80:
        return None
    place = at + 9 + data[at + 8]
    if place >= len(data):
        return None
    kind = next((n for n, names in enumerate(SUBSTREAMS, 1) if data[place] in names), None)
    return None if kind is None else Packet(kind, data[place], place)
