"""Iterates over the elements of EBML files (RFC 8794) by their headers alone."""

from collections.abc import Iterator
from typing import IO

import msgspec

# The longest identifier and the longest size.
HEADER_BYTES, MAX_ID_BYTES = 12, 4
MAX_ELEMENTS = 1000


class Element(msgspec.Struct, frozen=True):
    """An element's identifier with its marker, where its content begins, and where it ends."""

    name: int
    at: int
    end: int


def elements(file: IO[bytes], at: int, end: int) -> Iterator[Element]:
    """Yields the elements between two places; one of unknown size takes the rest. It ends at the first one
    that cannot be.
    """
    for _ in range(MAX_ELEMENTS):
        file.seek(at)
        head = file.read(min(HEADER_BYTES, end - at)) if at < end else b""
        name_bytes = _length(head)
        size_bytes = _length(head[name_bytes:])
        if not 0 < name_bytes <= MAX_ID_BYTES or not size_bytes or len(head) < name_bytes + size_bytes:
            return
        begin = at + name_bytes + size_bytes
        value = int.from_bytes(head[name_bytes : name_bytes + size_bytes])
        unknown = (1 << 7 * size_bytes) - 1
        size = value & unknown
        at = end if size == unknown else begin + size
        if at > end:
            return
        yield Element(int.from_bytes(head[:name_bytes]), begin, at)


def _length(head: bytes) -> int:
    """How many bytes a number of variable length has; 0 if there is none."""
    return 9 - head[0].bit_length() if head and head[0] else 0
