"""The time that the packets of a source cover, summed up from ffprobe's packet list."""

from collections.abc import Iterable

import msgspec

from converter_service.media.ffmpeg.probe_values import parse_number
from converter_service.media.ffmpeg.window import FOREVER_S


class SourceExtent(msgspec.Struct, frozen=True):
    """Seconds from the file's start: where the chosen audio track begins and ends, the sum of its packets'
    durations, and where the last packet of any track ends.
    """

    audio_start_s: float
    audio_end_s: float
    audio_s: float
    file_end_s: float


class PacketTotals:
    """Adds up ffprobe's packet lines, which may be millions, in constant memory."""

    def __init__(self, stream_index: int, file_start_s: float) -> None:
        self._stream = str(stream_index).encode()
        self._origin_s = file_start_s
        self._start_s = FOREVER_S
        self._end_s = 0.0
        self._sum_s = 0.0
        self._file_end_s = 0.0

    def add(self, lines: Iterable[bytes]) -> None:
        """Adds lines of `stream_index,pts_time,duration_time,flags`; packets flagged D are skipped."""
        for line in lines:
            stream, start, length, flags, *_ = (*line.split(b","), b"", b"", b"", b"")
            if b"D" in flags:
                continue
            start_s = parse_number(start)
            length_s = parse_number(length) or 0.0
            if stream == self._stream:
                self._sum_s += length_s
            if start_s is not None:
                self._place(stream, start_s - self._origin_s, length_s)

    def _place(self, stream: bytes, start_s: float, length_s: float) -> None:
        self._file_end_s = max(self._file_end_s, start_s + length_s)
        if stream == self._stream:
            self._start_s = min(self._start_s, max(0.0, start_s))
            self._end_s = max(self._end_s, start_s + length_s)

    @property
    def extent(self) -> SourceExtent:
        return SourceExtent(min(self._start_s, self._end_s), self._end_s, self._sum_s, self._file_end_s)
