"""Iterates over the boxes of MP4 files (ISO/IEC 14496-12) by their headers alone."""

import struct
from collections.abc import Iterator, Sequence
from typing import IO

import msgspec

HEAD, LARGE = struct.Struct(">I4s"), struct.Struct(">Q")
# More boxes side by side than any file has, except fragments: their headers stand before them.
MAX_BOXES = 1000


class Box(msgspec.Struct, frozen=True):
    """A box's name, where its content begins, and where the box ends."""

    name: bytes
    at: int
    end: int


def boxes(file: IO[bytes], at: int, end: int) -> Iterator[Box]:
    """Yields the boxes between two places; it ends at the first one that cannot be."""
    for _ in range(MAX_BOXES):
        if at + HEAD.size > end:
            return
        file.seek(at)
        head = file.read(HEAD.size + LARGE.size)
        if len(head) < HEAD.size:
            return
        size, name = HEAD.unpack_from(head)
        begin = at + HEAD.size
        if size == 1 and len(head) == HEAD.size + LARGE.size:
            (size,) = LARGE.unpack_from(head, HEAD.size)
            begin += LARGE.size
        size = size or end - at
        if size < begin - at or at + size > end:
            return
        yield Box(name, begin, at + size)
        at += size


def find_box(file: IO[bytes], path: Sequence[bytes], at: int, end: int) -> Box | None:
    """The first box that lies at this path of names between two places."""
    found = None
    for name in path:
        found = next((box for box in boxes(file, at, end) if box.name == name), None)
        if found is None:
            return None
        at, end = found.at, found.end
    return found
