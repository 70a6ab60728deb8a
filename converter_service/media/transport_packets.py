"""Packets of MPEG transport streams and their tables (ISO/IEC 13818-1), found and changed in place."""

import sys
from array import array
from collections.abc import Iterator
from typing import IO

SYNC, PACKET = 0x47, 188
# Between the beginnings of packets: plain, with the time stamp of Blu-ray, with the check bytes of DVB.
STEPS = (188, 192, 204)
# So many packets in a row are no accident.
CERTAIN = 5
CHUNK_PACKETS = 50_000
PAT_PID, NULL_PID = 0, 0x1FFF
POLYNOMIAL, CRC_BYTES = 0x04C11DB7, 4
LOW_FIVE = bytes(byte & 0x1F for byte in range(256))


class Chunk:
    """Successive packets of a file, which lie `step` bytes apart from `at` on."""

    def __init__(self, at: int, step: int, content: bytearray) -> None:
        self.at, self.step, self.content = at, step, content
        self.is_changed = False
        self.count = (len(content) - PACKET) // step + 1
        pairs = bytearray(2 * self.count)
        pairs[0::2] = content[2::step][: self.count]
        pairs[1::2] = content[1::step][: self.count].translate(LOW_FIVE)
        self._pids = array("H", bytes(pairs))
        if sys.byteorder == "big":
            self._pids.byteswap()

    def find(self, pid: int, start: int, stop: int) -> int | None:
        """The first packet of a stream between two places."""
        try:
            return self._pids.index(pid, start, stop)
        except ValueError:
            return None

    def packet(self, place: int) -> memoryview:
        at = place * self.step
        return memoryview(self.content)[at : at + PACKET]

    def move(self, place: int, pid: int) -> None:
        """Gives a packet another PID; where it was found is not changed."""
        head = place * self.step + 1
        self.content[head] = self.content[head] & 0xE0 | pid >> 8
        self.content[head + 1] = pid & 0xFF
        self.is_changed = True


def read_chunks(file: IO[bytes]) -> Iterator[Chunk]:
    """Yields all packets of a transport stream, and writes back those that are changed; nothing for files
    that do not begin with packets.
    """
    at, step = 0, 0
    while True:
        file.seek(at)
        content = file.read(CHUNK_PACKETS * max(STEPS))
        if step and PACKET <= len(content) < CERTAIN * step and content[0] == SYNC:
            begin = 0
        elif (found := _find_packets(content, len(content) if step else max(STEPS))) is not None:
            begin, step = found
        else:
            return
        count = min(CHUNK_PACKETS, _run(content, begin, step))
        chunk = Chunk(at + begin, step, bytearray(content[begin : begin + (count - 1) * step + PACKET]))
        yield chunk
        if chunk.is_changed:
            file.seek(chunk.at)
            file.write(chunk.content)
        at = chunk.at + count * step


def payload(packet: memoryview) -> memoryview:
    """The bytes behind a packet's header and its adaptation field."""
    if not packet[3] & 0x10:
        return packet[:0]
    return packet[4 + (1 + packet[4] if packet[3] & 0x20 else 0) :]


def begins_unit(packet: memoryview) -> bool:
    return bool(packet[1] & 0x40)


def is_scrambled(packet: memoryview) -> bool:
    return bool(packet[3] & 0x80)


def checksum(section: bytes) -> int:
    """CRC-32/MPEG-2; 0 for a section together with its own."""
    remainder = 0xFFFFFFFF
    for byte in section:
        remainder ^= byte << 24
        for _ in range(8):
            remainder = (remainder << 1 ^ (POLYNOMIAL if remainder >> 31 else 0)) & 0xFFFFFFFF
    return remainder


def _find_packets(content: bytes, within: int) -> tuple[int, int] | None:
    """Where packets begin, and how far they lie apart."""
    begin = content.find(SYNC, 0, within)
    while begin >= 0:
        for step in STEPS:
            marks = content[begin : begin + CERTAIN * step : step]
            if len(marks) == CERTAIN and marks.count(SYNC) == CERTAIN:
                return begin, step
        begin = content.find(SYNC, begin + 1, within)
    return None


def _run(content: bytes, begin: int, step: int) -> int:
    """The number of whole packets up to the first place without a mark."""
    marks = content[begin::step]
    whole = (len(content) - begin - PACKET) // step + 1
    first_other = len(marks) - len(marks.lstrip(bytes([SYNC])))
    return min(whole, first_other)
