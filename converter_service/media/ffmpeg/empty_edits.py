"""Empty edits in the middle of an MP4 track's edit list (ISO/IEC 14496-12, 8.6.6): time without sound.

libavformat knows empty edits at the beginning only; for others it plays the track's first seconds. In our
copy they are made to show the time behind the track's end, where there is nothing: that leaves a gap in the
timestamps.
"""

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from converter_service.media.boxes import Box, boxes, find_box
from converter_service.media.scan_budget import ScanBudget

FULL_HEAD = struct.Struct(">B3xI")
# By version: an entry's duration, media time and rate; where in it the media time stands; its largest value.
ENTRIES = (struct.Struct(">Iii"), struct.Struct(">Qqi"))
MEDIA_TIMES = (struct.Struct(">i"), struct.Struct(">q"))
TIME_AT = (4, 8)
LAST_TIMES = (2**31 - 1, 2**62)
# Of a media header: behind version, flags and two times, the time scale and the duration.
LENGTHS = (struct.Struct(">12xII"), struct.Struct(">20xIQ"))
EMPTY = -1
# More than any editor makes.
MAX_ENTRIES = 100_000


def open_empty_edits(path: Path) -> None:
    """Changes the edit lists of a file's sound in place; does nothing to other files."""
    with path.open("r+b") as file, contextlib.suppress(struct.error):
        end = file.seek(0, 2)
        tracks = (
            track
            for movie in _named(file, b"moov", 0, end)
            for track in _named(file, b"trak", movie.at, movie.end)
        )
        for track in ScanBudget(end).each(tracks):
            _open_in_track(file, track)


def _open_in_track(file: IO[bytes], track: Box) -> None:
    is_sound = find_box(file, (b"mdia", b"minf", b"smhd"), track.at, track.end) is not None
    header = find_box(file, (b"mdia", b"mdhd"), track.at, track.end)
    edits = find_box(file, (b"edts", b"elst"), track.at, track.end)
    if not is_sound or header is None or edits is None:
        return
    length = _length(file, header)
    for place, version in _empty_in_the_middle(file, edits):
        file.seek(place)
        file.write(MEDIA_TIMES[version].pack(min(length, LAST_TIMES[version])))


def _empty_in_the_middle(file: IO[bytes], edits: Box) -> Iterator[tuple[int, int]]:
    """Yields where the media times of empty edits behind the first sound stand, and the list's version."""
    file.seek(edits.at)
    head = file.read(FULL_HEAD.size)
    if len(head) < FULL_HEAD.size or head[0] >= len(ENTRIES):
        return
    version, count = FULL_HEAD.unpack(head)
    entry = ENTRIES[version]
    room = (edits.end - edits.at - FULL_HEAD.size) // entry.size
    content = file.read(min(count, room, MAX_ENTRIES) * entry.size)
    has_sound = False
    for number, (_, media_time, _) in enumerate(
        entry.iter_unpack(content[: len(content) // entry.size * entry.size])
    ):
        if media_time != EMPTY:
            has_sound = True
        elif has_sound:
            yield edits.at + FULL_HEAD.size + number * entry.size + TIME_AT[version], version


def _length(file: IO[bytes], header: Box) -> int:
    """A time behind the end of the track, in units of its time scale."""
    file.seek(header.at)
    version = min(int.from_bytes(file.read(1)), len(LENGTHS) - 1)
    form = LENGTHS[version]
    file.seek(header.at)
    scale, length = form.unpack(file.read(form.size))
    return int(length + scale)


def _named(file: IO[bytes], name: bytes, at: int, end: int) -> list[Box]:
    return [box for box in boxes(file, at, end) if box.name == name]
