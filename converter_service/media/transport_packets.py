"""Packets of MPEG transport streams and their tables (ISO/IEC 13818-1), found and changed in place."""

import sys
import zlib
from array import array
from collections.abc import Iterator
from typing import IO

from converter_service.media.scan_budget import ScanBudget, ScanStopped

SYNC, PACKET = 0x47, 188
# Between the beginnings of packets: plain, with the time stamp of Blu-ray, with the check bytes of DVB.
STEPS = (188, 192, 204)
# So many packets in a row are no accident.
CERTAIN = 5
CHUNK_PACKETS = 50_000
PAT_PID, NULL_PID = 0, 0x1FFF
CRC_BYTES = 4
# A file that is damaged more often is left alone.
MAX_RESYNCS = 10_000
# So much is searched at a time: less behind a damaged packet than where no packet is near.
NEAR_BYTES, FAR_BYTES = 4096, 65_536
# Less than this is read together with what follows it.
LEAST_BYTES = 64 * max(STEPS)
LOW_FIVE = bytes(byte & 0x1F for byte in range(256))
MARKS = bytes(byte == SYNC for byte in range(256))
# The bits of each byte in the other direction.
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Chunk:
    """Successive packets of a file, which lie `step` bytes apart from `at` on."""

    def __init__(self, at: int, step: int, content: bytearray) -> None:
        self.at, self.step, self.content = at, step, content
        self.is_changed = False
        self.count = (len(content) - PACKET) // step + 1
        pairs = bytearray(2 * self.count)
        pairs[0::2] = content[2::step][: self.count]
        pairs[1::2] = content[1::step][: self.count].translate(LOW_FIVE)
        self.pids = array("H", bytes(pairs))
        if sys.byteorder == "big":
            self.pids.byteswap()

    def packet(self, place: int) -> memoryview:
        at = place * self.step
        return memoryview(self.content)[at : at + PACKET]

    def move(self, place: int, pid: int) -> None:
        """Gives a packet another PID; where it was found is not changed."""
        head = place * self.step + 1
        self.content[head] = self.content[head] & 0xE0 | pid >> 8
        self.content[head + 1] = pid & 0xFF
        self.is_changed = True


def read_chunks(file: IO[bytes], budget: ScanBudget) -> Iterator[Chunk]:
    """Yields all packets of a transport stream, and writes back those that are changed; nothing for files
    that do not begin with packets. Raises ScanStopped if the budget ends or packets are damaged too often.
    """
    finder = _Finder(file, budget)
    while (found := finder.find()) is not None:
        begin, count = found
        end = begin + (count - 1) * finder.step + PACKET
        chunk = Chunk(finder.at + begin, finder.step, bytearray(finder.content[begin:end]))
        yield chunk
        if chunk.is_changed:
            file.seek(chunk.at)
            file.write(chunk.content)
        finder.skip(count)


class _Finder:
    """Finds runs of packets. `content` stands at `at` in the file; it is read again only near its end."""

    def __init__(self, file: IO[bytes], budget: ScanBudget) -> None:
        self.at = self.step = 0
        self.content = b""
        self._file, self._budget = file, budget
        self._begin = self._resyncs = 0
        self._is_end = False

    def find(self) -> tuple[int, int] | None:
        """The place and the number of the next packets in a row."""
        self._budget.check()
        if len(self.content) - self._begin < LEAST_BYTES:
            self._refill()
        found = self._search()
        if found is None and self._begin:
            self._refill()
            found = self._search()
        if found is None:
            if self.step and not self._is_end:
                raise ScanStopped
            return None
        self._resyncs += found != (self._begin, self.step) and self.step > 0
        if self._resyncs > MAX_RESYNCS:
            raise ScanStopped
        self._begin, self.step = found
        return self._begin, min(CHUNK_PACKETS, _run(self.content, self._begin, self.step))

    def skip(self, count: int) -> None:
        """These packets are done."""
        self._begin += count * self.step

    def _refill(self) -> None:
        if self._is_end:
            return
        self.at, self._begin = self.at + self._begin, 0
        self._file.seek(self.at)
        asked = max(CHUNK_PACKETS * max(STEPS), LEAST_BYTES)
        self.content = self._file.read(asked)
        self._is_end = len(self.content) < asked

    def _search(self) -> tuple[int, int] | None:
        """Where packets begin, and how far they lie apart."""
        content, begin, step = self.content, self._begin, self.step
        rest = len(content) - begin
        if step and PACKET <= rest < CERTAIN * step and content[begin] == SYNC:
            return begin, step
        if not step:
            return _find_packets(content, begin, max(STEPS))
        size = NEAR_BYTES
        while begin < len(content):
            self._budget.check()
            if (found := _find_packets(content, begin, size)) is not None:
                return found
            begin += size
            size = FAR_BYTES
        return None


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
    """CRC-32/MPEG-2, which is that of zlib with all bits in the other direction; 0 for a section together
    with its own.
    """
    remainder = zlib.crc32(section.translate(REVERSED)) ^ 0xFFFFFFFF
    return int.from_bytes(remainder.to_bytes(CRC_BYTES, "little").translate(REVERSED))


def _find_packets(content: bytes, begin: int, within: int) -> tuple[int, int] | None:
    """Where the first of CERTAIN packets in a row begins, and how far they lie apart."""
    window = content[begin : begin + within + (CERTAIN - 1) * max(STEPS)].translate(MARKS)
    # A byte of the number for each byte of the window.
    marks = int.from_bytes(window, "little")
    found = []
    for step in STEPS:
        runs = marks & (1 << 8 * within) - 1
        for place in range(1, CERTAIN):
            runs &= marks >> 8 * step * place
        if runs:
            found.append((begin + ((runs & -runs).bit_length() - 1) // 8, step))
    return min(found, default=None)


def _run(content: bytes, begin: int, step: int) -> int:
    """The number of whole packets up to the first place without a mark."""
    marks = content[begin : begin + CHUNK_PACKETS * step : step]
    whole = (len(content) - begin - PACKET) // step + 1
    first_other = len(marks) - len(marks.lstrip(bytes([SYNC])))
    return min(whole, first_other)
