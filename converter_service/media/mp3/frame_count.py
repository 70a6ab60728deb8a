"""Counts the frames of an MP3 by their headers, without decoding them.

The first frame is as LAME and libavformat write it: its header `Xing`, or `Info` where the bit rate is
constant, declares how many frames follow.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

from converter_service.media.mp3.errors import BadFrames
from converter_service.media.mp3.frame_header import HEADER_BYTES, LARGEST_FRAME_BYTES, SHAPE, StreamShape

BLOCK_BYTES = 1024 * 1024
ID3_BYTES, ID3V1_BYTES = 10, 128
HAS_FRAMES = 1


class FrameCount(msgspec.Struct, frozen=True):
    """`declared` and `counted` are numbers of frames, `frame_s` is the length of one.

    `bitrate_bps` is that of every frame, or the average where it varies; `sample_rate` is in Hz.
    """

    declared: int
    counted: int
    frame_s: float
    bitrate_bps: int
    sample_rate: int = 0


def count_frames(file: Path) -> FrameCount:
    """Reads the whole file. Raises BadFrames if it holds anything but whole frames between ID3 tags."""
    with file.open("rb") as opened:
        opened.seek(tag_bytes(opened.read(ID3_BYTES)))
        first = opened.read(LARGEST_FRAME_BYTES)
        shape = StreamShape(int.from_bytes(first[:HEADER_BYTES], "big"))
        sizes = shape.sizes
        size = sizes.get(shape.bits & SHAPE, 0)
        kind, declared = _declared(first[shape.head_bytes : size])
        opened.seek(size - len(first), 1)
        counted, total, rest = _count(opened, sizes)
    if rest and not (rest.startswith(b"TAG") and len(rest) == ID3V1_BYTES):
        raise BadFrames(f"frame {counted + 1} is no frame, or is cut off")
    frame_s = shape.samples / shape.rate_hz
    # The first frame's own rate can be higher than that of the others. Padding evens out to a whole rate.
    average_bps = round(8 * total / (max(1, counted) * frame_s), -3 if kind == b"Info" else 0)
    return FrameCount(declared, counted, frame_s, int(average_bps), shape.rate_hz)


def tag_bytes(head: bytes) -> int:
    """The size of the ID3v2 tag that a file begins with, by its first ID3_BYTES; 0 if there is none."""
    size = 0
    for byte in head[6:]:
        size = size << 7 | byte
    return ID3_BYTES + size if head.startswith(b"ID3") else 0


def _declared(info: bytes) -> tuple[bytes, int]:
    """Returns the kind of the first frame's header, and how many frames follow."""
    kind, flags, frames = info[:4], int.from_bytes(info[4:8], "big"), int.from_bytes(info[8:12], "big")
    if kind not in {b"Xing", b"Info"} or not flags & HAS_FRAMES:
        raise BadFrames("the number of frames is not declared")
    return kind, frames


def _count(opened: BinaryIO, sizes: Mapping[int, int]) -> tuple[int, int, bytes]:
    """Returns the number of whole frames, the sum of their bytes, and what follows the last one."""
    counted = total = 0
    rest = b""
    while piece := opened.read(BLOCK_BYTES):
        data, at = rest + piece, 0
        while at + LARGEST_FRAME_BYTES <= len(data):
            if not (size := sizes.get(int.from_bytes(data[at : at + 4], "big") & SHAPE)):
                return counted, total, data[at:]
            counted, at = counted + 1, at + size
        total, rest = total + at, data[at:]
    at = 0
    while (size := sizes.get(int.from_bytes(rest[at : at + 4], "big") & SHAPE)) and at + size <= len(rest):
        counted, at = counted + 1, at + size
    return counted, total + at, rest[at:]
