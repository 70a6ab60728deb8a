"""Counts the frames of an MP3 by their headers, without decoding them.

Sources: ISO 11172-3 and ISO 13818-3, section 2.4.1.3 (frame header), and the first frame as LAME and
libavformat write it: its header `Xing`, or `Info` where the bit rate is constant, declares how many frames
follow.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

BLOCK_BYTES = 1024 * 1024
# 320 kbit/s at 32 kHz, with padding.
LARGEST_FRAME_BYTES = 1441
ID3_BYTES, ID3V1_BYTES = 10, 128
# The sync word, version, layer, bit rate, sample rate and padding of a frame header; the rest may differ.
SHAPE = 0xFFFE_FE00
SYNC, LAYER_III, MPEG_1 = 0x7FF, 0b01, 0b11
RATES_HZ = {0b11: (44_100, 48_000, 32_000), 0b10: (22_050, 24_000, 16_000), 0b00: (11_025, 12_000, 8_000)}
KBITS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
LOW_KBITS = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
MONO = 0b11
# Of one channel: MPEG-1, and MPEG-2 and 2.5.
FRAME_SAMPLES, LOW_FRAME_SAMPLES = 1152, 576
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


class _Header(msgspec.Struct, frozen=True):
    """A frame header, and what follows from it for all frames of its stream."""

    bits: int
    samples: int
    rate_hz: int
    kbits: tuple[int, ...]
    side_bytes: int

    def frame_bytes(self, kbits: int) -> int:
        return self.samples // 8 * 1000 * kbits // self.rate_hz

    @property
    def sizes(self) -> Mapping[int, int]:
        """The size of a frame by its header's SHAPE, for all bit rates, with and without padding."""
        shared = self.bits & SHAPE & ~0xF200
        return {
            shared | number << 12 | padding << 9: self.frame_bytes(kbits) + padding
            for number, kbits in enumerate(self.kbits, 1)
            for padding in (0, 1)
        }


def count_frames(file: Path) -> FrameCount:
    """Reads the whole file. Raises ValueError if it holds anything but whole frames between ID3 tags."""
    with file.open("rb") as opened:
        _skip_tag(opened)
        first = opened.read(LARGEST_FRAME_BYTES)
        header = _parse(first)
        sizes = header.sizes
        size = sizes.get(header.bits & SHAPE, 0)
        kind, declared = _declared(first[4 + header.side_bytes : size])
        opened.seek(size - len(first), 1)
        counted, total, rest = _count(opened, sizes)
    if rest and not (rest.startswith(b"TAG") and len(rest) == ID3V1_BYTES):
        raise ValueError(f"frame {counted + 1} is no frame, or is cut off")
    frame_s = header.samples / header.rate_hz
    # The first frame's own rate can be higher than that of the others. Padding evens out to a whole rate.
    average_bps = round(8 * total / (max(1, counted) * frame_s), -3 if kind == b"Info" else 0)
    return FrameCount(declared, counted, frame_s, int(average_bps), header.rate_hz)


def _skip_tag(opened: BinaryIO) -> None:
    """Skips an ID3v2 tag, whose size has seven bits in each byte."""
    head = opened.read(ID3_BYTES)
    size = 0
    for byte in head[6:]:
        size = size << 7 | byte
    opened.seek(ID3_BYTES + size if head.startswith(b"ID3") else 0)


def _parse(frame: bytes) -> _Header:
    bits = int.from_bytes(frame[:4], "big")
    version, rate, number = bits >> 19 & 0b11, bits >> 10 & 0b11, bits >> 12 & 0xF
    is_layer_iii = bits >> 21 == SYNC and bits >> 17 & 0b11 == LAYER_III
    if not is_layer_iii or version not in RATES_HZ or rate == 0b11 or number in {0, 0xF}:
        raise ValueError("the file does not begin with an MP3 frame")
    is_mono = bits >> 6 & 0b11 == MONO
    if version == MPEG_1:
        return _Header(bits, FRAME_SAMPLES, RATES_HZ[version][rate], KBITS, 17 if is_mono else 32)
    return _Header(bits, LOW_FRAME_SAMPLES, RATES_HZ[version][rate], LOW_KBITS, 9 if is_mono else 17)


def _declared(info: bytes) -> tuple[bytes, int]:
    """Returns the kind of the first frame's header, and how many frames follow."""
    kind, flags, frames = info[:4], int.from_bytes(info[4:8], "big"), int.from_bytes(info[8:12], "big")
    if kind not in {b"Xing", b"Info"} or not flags & HAS_FRAMES:
        raise ValueError("the number of frames is not declared")
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
