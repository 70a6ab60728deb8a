"""Removes private data and large pictures from a large ID3v2 tag at a file's start (id3.org).

ffmpeg recognises a container only if it begins near the file's start, and prints such data among the tags,
which costs the others.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO

SMALL_BYTES = 65_536
HEADER_BYTES = FRAME_BYTES = 10
# Frames of programs, not of people: private data and files of any kind.
PRIVATE = frozenset({b"PRIV", b"GEOB"})
PICTURES = frozenset({b"APIC"})
# ffmpeg recognises FLAC and ADTS behind a tag of up to 1 MiB. The cover is read elsewhere.
MAX_WITH_PICTURES_BYTES = 900_000
CHUNK_BYTES = 1 << 20
# More frames than any program writes.
MAX_FRAMES = 10_000
Frame = tuple[bytes, int, int]


def drop_large_frames(path: Path) -> None:
    """Rewrites the file in place, without those frames, if its tag is large and of a simple form."""
    with path.open("r+b") as file:
        header = file.read(HEADER_BYTES)
        if len(header) < HEADER_BYTES or header[:3] != b"ID3" or header[3] not in (3, 4) or header[5]:
            return
        length = _size(header[6:], 7)
        if length <= SMALL_BYTES:
            return
        spans = list(islice(_frames(file, HEADER_BYTES + length, 7 if header[3] == 4 else 8), MAX_FRAMES))
        kept = _kept(spans)
        if not _is_whole(file, spans, HEADER_BYTES + length) or len(kept) == len(spans):
            return
        at = HEADER_BYTES
        for begin, end in kept:
            at = _move(file, begin, end, at)
        new_length = at - HEADER_BYTES
        file.seek(0, 2)
        at = _move(file, HEADER_BYTES + length, file.tell(), at)
        file.truncate(at)
        file.seek(6)
        file.write(bytes(new_length >> shift & 0x7F for shift in (21, 14, 7, 0)))


def _kept(frames: list[Frame]) -> list[tuple[int, int]]:
    """The places of the frames that stay: pictures only if the tag is then small enough for ffmpeg."""
    kept = [frame for frame in frames if frame[0] not in PRIVATE]
    if sum(end - begin for _, begin, end in kept) > MAX_WITH_PICTURES_BYTES:
        kept = [frame for frame in kept if frame[0] not in PICTURES]
    return [(begin, end) for _, begin, end in kept]


def _frames(file: IO[bytes], end: int, bits: int) -> Iterator[Frame]:
    """Yields names and places of the frames up to the padding; each takes at least its header."""
    at = HEADER_BYTES
    while at + FRAME_BYTES <= end:
        file.seek(at)
        head = file.read(FRAME_BYTES)
        if len(head) < FRAME_BYTES or not head[:4].isalnum():
            return
        after = at + FRAME_BYTES + _size(head[4:8], bits)
        if after > end:
            return
        yield head[:4], at, after
        at = after


def _is_whole(file: IO[bytes], frames: list[Frame], end: int) -> bool:
    """Whether nothing but padding follows the frames."""
    file.seek(frames[-1][2] if frames else HEADER_BYTES)
    return not any(file.read(min(FRAME_BYTES, end - file.tell())))


def _size(digits: bytes, bits: int) -> int:
    size = 0
    for digit in digits[:4]:
        size = size << bits | digit
    return size


def _move(file: IO[bytes], begin: int, end: int, target: int) -> int:
    """Moves bytes towards the start; returns the end of what was written."""
    while begin < end:
        file.seek(begin)
        chunk = file.read(min(CHUNK_BYTES, end - begin))
        if not chunk:
            break
        file.seek(target)
        file.write(chunk)
        begin += len(chunk)
        target += len(chunk)
    return target
