"""Rewrites the edit list of an MP4 file's audio track (ISO/IEC 14496-12, 8.6.6)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

EMPTY = -1
UNITY_RATE = 0x10000
PARENTS = (b"moov", b"trak", b"edts")


@dataclass(frozen=True)
class Edit:
    """Seconds of the track from `from_s` on; `from_s=None`: an empty edit, time without sound."""

    seconds: float
    from_s: float | None = None


def with_edits(file: Path, target: Path, edits: Sequence[Edit], *, delay: int = 0) -> Path:
    """Writes a copy of a file with one track, whose `moov` is behind its data. `delay` samples of the track
    come before its second 0.
    """
    content = bytearray(file.read_bytes())
    scale, rate = _scale(content, b"mvhd"), _scale(content, b"mdhd")
    entries = b"".join(
        struct.pack(
            ">IiI",
            round(edit.seconds * scale),
            EMPTY if edit.from_s is None else round(edit.from_s * rate) + delay,
            UNITY_RATE,
        )
        for edit in edits
    )
    # The presentation is as long as its edits.
    for header, at in ((b"mvhd", 20), (b"tkhd", 24)):
        total = sum(round(edit.seconds * scale) for edit in edits)
        struct.pack_into(">I", content, content.rindex(header) + at, total)
    at = content.rindex(b"elst") - 4
    (size,) = struct.unpack_from(">I", content, at)
    box = struct.pack(">I4sII", 16 + len(entries), b"elst", 0, len(edits)) + entries
    content[at : at + size] = box
    for name in PARENTS:
        place = content.rindex(name) - 4
        (old,) = struct.unpack_from(">I", content, place)
        struct.pack_into(">I", content, place, old + len(box) - size)
    target.write_bytes(content)
    return target


def _scale(content: bytearray, box: bytes) -> int:
    """Time units per second, in a header of version 0."""
    return int(struct.unpack_from(">I", content, content.rindex(box) + 16)[0])
