"""The MP3 file that a parallel encoding writes: tag, first frame, and the frames as they are joined."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from converter_service.media.mp3.frame_count import ID3_BYTES, tag_bytes
from converter_service.media.mp3.frame_header import StreamShape
from converter_service.media.mp3.frame_joiner import FrameJoiner
from converter_service.media.mp3.frame_reader import Frame
from converter_service.media.mp3.info_frame import StreamTotals
from converter_service.media.mp3.packer import Packed

# Frames of 32 kbit/s without sound (ISO 11172-3): side information of zeros declares no main data.
SILENT_FRAME = bytes.fromhex("fffb10c4").ljust(104, b"\0")
SILENT_FRAMES = 20


def write_silence(path: Path) -> None:
    """Writes a short MP3, for a program that writes a tag in front of it."""
    path.write_bytes(SILENT_FRAME * SILENT_FRAMES)


class Mp3File:
    """Writes frames behind the ID3 tag with which `file` begins. All methods block."""

    def __init__(self, file: BinaryIO, most_bytes: int) -> None:
        """Cuts off what is behind the tag. OSError is raised above `most_bytes`."""
        self._file, self._most_bytes = file, most_bytes
        self._begin = tag_bytes(file.read(ID3_BYTES))
        file.truncate(self._begin)
        self._joiner: FrameJoiner | None = None
        self._totals: StreamTotals | None = None

    def begin(self, shape: StreamShape, kbits: int | None, overlap: int) -> None:
        """Leaves room for the first frame."""
        self._joiner, self._totals = FrameJoiner(shape, kbits, overlap), StreamTotals(shape, kbits)
        self._file.seek(self._begin + self._totals.frame_bytes)

    @property
    def has_begun(self) -> bool:
        return self._joiner is not None

    def add(self, frames: Sequence[Frame]) -> int:
        """Joins the next block. Returns the number of frames so far. Raises BadFrames, OSError."""
        if self._joiner is None:
            return 0
        self._write(self._joiner.add(frames))
        return self._joiner.frames

    def finish(self, samples: int) -> None:
        """Writes the last frames, and the first one for a sound of `samples`. Raises BadFrames, OSError."""
        if self._joiner is None or self._totals is None:
            return
        self._write(self._joiner.finish())
        first = self._totals.frame(samples)
        self._file.seek(self._begin)
        self._file.write(first)
        self._file.flush()

    def _write(self, packed: Packed) -> None:
        self._file.write(packed.data)
        if self._totals is not None:
            self._totals.add(packed)
        if self._file.tell() > self._most_bytes:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
