"""Packets with sound of MPEG program streams (ISO/IEC 13818-1 and 11172-1)."""

import mmap
from collections.abc import Iterator

import msgspec

from converter_service.media.scan_budget import ScanBudget

PACK, END, PRIVATE = 0xBA, 0xB9, 0xBD
START, MAGIC = b"\0\0\1", b"\0\0\1\xba"
MPEG_SOUND = range(0xC0, 0xE0)
# Substreams of private data, by kind.
SUBSTREAMS = (range(0x80, 0x88), range(0x88, 0x90), range(0xA0, 0xB0), range(0xC0, 0xD0))
HEAD_BYTES, PACK_BYTES, OLD_PACK_BYTES = 6, 14, 12
# The longest head with a timestamp: those of MPEG-1 begin with bytes of no meaning.
LONGEST_HEAD, TIME_BYTES = 32, 5
# Between two looks at the budget: bytes without a packet, and packets.
SEARCH_BYTES, PACKETS = 1 << 24, 256


class Packet(msgspec.Struct, frozen=True):
    """`at` is the place of the byte that names a packet's stream; `time` is in ticks of 90 kHz."""

    kind: int
    name: int
    at: int
    time: int | None


def sound_packets(data: mmap.mmap, budget: ScanBudget) -> Iterator[Packet]:
    """Raises ScanStopped if the budget ends."""
    at = count = 0
    while True:
        if count % PACKETS == 0:
            budget.check()
        count += 1
        at = _start(data, at, budget)
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


def _start(data: mmap.mmap, at: int, budget: ScanBudget) -> int:
    """Where the next packet may begin; -1 if there is none."""
    if data[at : at + len(START)] == START:
        return at
    while at < len(data):
        budget.check()
        found = data.find(START, at, at + SEARCH_BYTES + len(START) - 1)
        if found >= 0:
            return found
        at += SEARCH_BYTES
    return -1


def _sound(data: mmap.mmap, at: int, identifier: int) -> Packet | None:
    if identifier in MPEG_SOUND:
        return Packet(0, identifier, at + 3, _time(data[at + HEAD_BYTES : at + LONGEST_HEAD]))
    if identifier != PRIVATE or data[at + HEAD_BYTES] & 0xC0 != 0x80:
        return None
    place = at + 9 + data[at + 8]
    if place >= len(data):
        return None
    kind = next((n for n, names in enumerate(SUBSTREAMS, 1) if data[place] in names), None)
    if kind is None:
        return None
    return Packet(kind, data[place], place, _time(data[at + HEAD_BYTES : at + LONGEST_HEAD]))


def _time(head: bytes) -> int | None:
    """The time of presentation in the head of a packet."""
    if head[0] & 0xC0 == 0x80:
        return _ticks(head[3:]) if head[1] & 0x80 else None
    rest = head.lstrip(b"\xff")
    if rest[:1] and rest[0] & 0xC0 == 0x40:
        rest = rest[2:]
    return _ticks(rest) if rest[:1] and rest[0] >> 4 in (2, 3) else None


def _ticks(field: bytes) -> int | None:
    if len(field) < TIME_BYTES:
        return None
    high, middle, low = field[0] >> 1 & 7, int.from_bytes(field[1:3]) >> 1, int.from_bytes(field[3:5]) >> 1
    return high << 30 | middle << 15 | low
