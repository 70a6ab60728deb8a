"""The chunks of WAV, W64, AIFF and CAF files, by their headers alone."""

import struct
from collections.abc import Iterator
from typing import IO

import msgspec

# More chunks before the sound than any program writes.
MAX_CHUNKS = 1000


class Chunk(msgspec.Struct, frozen=True):
    """A chunk's identifier, where its size is written, the size, and where its content begins."""

    name: bytes
    size_at: int
    size: int
    at: int


class Layout(msgspec.Struct, frozen=True):
    """How a family of containers writes its chunks. `counted` bytes of a chunk's own head are in its size."""

    first: int
    name: int
    size: struct.Struct
    counted: int = 0
    aligned: int = 2


RIFF, RIFX = Layout(12, 4, struct.Struct("<I")), Layout(12, 4, struct.Struct(">I"))
W64 = Layout(40, 16, struct.Struct("<Q"), counted=24, aligned=8)
CAF = Layout(8, 4, struct.Struct(">Q"), aligned=1)


def chunks(file: IO[bytes], layout: Layout, last: bytes) -> Iterator[Chunk]:
    """Yields the chunks up to the one called `last`, which lasts to the end."""
    at = layout.first
    for _ in range(MAX_CHUNKS):
        file.seek(at)
        head = file.read(layout.name + layout.size.size)
        if len(head) < layout.name + layout.size.size:
            return
        (size,) = layout.size.unpack_from(head, layout.name)
        chunk = Chunk(head[: layout.name], at + layout.name, size, at + len(head))
        yield chunk
        if chunk.name[:4] == last:
            return
        content = max(0, size - layout.counted)
        at = chunk.at + content + -content % layout.aligned
