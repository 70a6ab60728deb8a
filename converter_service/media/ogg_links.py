"""Duration of chained Ogg: logical streams one after the other (RFC 3533, 4), as in files that were joined
and in recordings of internet radio. libavformat reports that of the last one.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

# A page's pattern, flags, position in samples (-1 if no packet ends in it), serial number and segments.
PAGE = struct.Struct("<4sxBqI8xB")
BEGINS = 2
# More than the largest upload has.
MAX_PAGES = 10_000_000
IDENTIFICATION_BYTES = 64
OPUS_HZ = 48_000


class Page(msgspec.Struct, frozen=True):
    begins: bool
    position: int
    serial: int
    head: bytes


class Stream(msgspec.Struct):
    """A logical stream; `rate` is 0 if it is no sound of a known kind. `skipped` samples are not played."""

    rate: int
    skipped: int = 0
    last: int = 0

    @property
    def seconds(self) -> float:
        return max(0, self.last - self.skipped) / self.rate if self.rate else 0.0


def chained_seconds(path: Path) -> float | None:
    """Seconds of sound of all links, those counted from 0; None if the file is no chained Ogg."""
    links: list[dict[int, Stream]] = []
    is_beginning = False
    with path.open("rb") as file:
        for page in _pages(file):
            if page.begins and not is_beginning:
                links.append({})
            is_beginning = page.begins
            if page.begins:
                links[-1][page.serial] = _stream(page.head)
            elif links and page.serial in links[-1]:
                links[-1][page.serial].last = max(page.position, links[-1][page.serial].last)
    if len(links) < 2:
        return None
    return sum(max(stream.seconds for stream in link.values()) for link in links)


def _pages(file: IO[bytes]) -> Iterator[Page]:
    """Yields the pages up to the first place that is none."""
    for _ in range(MAX_PAGES):
        head = file.read(PAGE.size)
        if len(head) < PAGE.size or not head.startswith(b"OggS"):
            return
        _, flags, position, serial, segments = PAGE.unpack(head)
        length = sum(file.read(segments))
        at = file.tell()
        begins = bool(flags & BEGINS)
        yield Page(begins, position, serial, file.read(min(length, IDENTIFICATION_BYTES)) if begins else b"")
        file.seek(at + length)


def _stream(head: bytes) -> Stream:
    """By its identification header: of Vorbis, Opus (RFC 7845), FLAC or Speex."""
    if head.startswith(b"\x01vorbis") and len(head) >= 16:
        return Stream(int.from_bytes(head[12:16], "little"))
    if head.startswith(b"OpusHead"):
        return Stream(OPUS_HZ, skipped=int.from_bytes(head[10:12], "little"))
    if head.startswith(b"\x7fFLAC") and len(head) >= 30:
        return Stream(int.from_bytes(head[27:30], "big") >> 4)
    if head.startswith(b"Speex   "):
        return Stream(int.from_bytes(head[36:40], "little"))
    return Stream(0)
