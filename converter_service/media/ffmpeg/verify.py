"""Whether a result is all of the source's audio. ffmpeg's exit code 0 says nothing about that: it is also 0
for a file that was cut off after its index, and for one whose middle is gone.

The seconds that came out are compared with what the source declares. Where too few came out, or nothing is
declared, the source's packets are listed, and where they end decides.
"""

import re
from collections.abc import Iterable
from enum import Enum, auto

import msgspec

from converter_service.media.formats import Format
from converter_service.media.options import Options
from converter_service.media.transcoder import AudioTrack, MediaInfo

# Encoder padding, priming and last partial frames together stay below this.
UNREMARKABLE_S = 0.2
FOREVER_S = 1e9
# ISO 11172-3 (from 32 kHz up) and ISO 13818-3 (below): samples in one Layer III frame.
MP3_FRAME, MP3_FRAME_LOW, MP3_LOW_HZ = 1152, 576, 32_000


class Verdict(Enum):
    """`GAPS`: all that is there came out, but timestamps leap where nothing is."""

    WHOLE = auto()
    CUT_OFF = auto()
    DAMAGED = auto()
    GAPS = auto()


class Held(msgspec.Struct, frozen=True):
    """What a source really holds, in seconds: where the chosen audio begins and ends, how much its packets
    claim, and where the last packet of any track ends. All counted from the file's start.
    """

    audio_start_s: float
    audio_end_s: float
    audio_s: float
    file_end_s: float


class Window(msgspec.Struct, frozen=True):
    """The part of the source's time that was asked for, in seconds."""

    start_s: float
    end_s: float

    @classmethod
    def of(cls, options: Options) -> "Window":
        return cls(options.start or 0.0, FOREVER_S if options.end is None else options.end)

    def overlap_s(self, start_s: float, end_s: float) -> float:
        return max(0.0, min(end_s, self.end_s) - max(start_s, self.start_s))


class CountedStream(msgspec.Struct, frozen=True):
    codec_type: str = ""
    codec_name: str = ""
    sample_rate: str = "0"
    duration: str = "0"
    bit_rate: str = ""
    nb_read_packets: str = "0"


class Counted(msgspec.Struct, frozen=True):
    """ffprobe's JSON about a result."""

    streams: list[CountedStream] = []


def tolerance_s(duration_s: float) -> float:
    """What may be missing at the end of so many seconds before it counts as lost.

    A frame or two, a fiftieth of short files but no more than a second, and a thousandth of long ones, whose
    headers are rounded by their makers.
    """
    return 0.1 + min(1.0, 0.02 * duration_s) + 0.001 * duration_s


class Sound(msgspec.Struct, frozen=True):
    """What is verified about a result; `bitrate_bps` is None when the format does not tell."""

    seconds: float
    bitrate_bps: int | None = None


def sound_in(counted_json: bytes, decoding: bytes, form: Format, first_s: float | None) -> Sound:
    """What is in a result, from ffprobe's count and ffmpeg's progress while it decoded (the first seconds of)
    it.

    Raises ValueError when it is of another kind than it should be, or when what it declares, what its frames
    add up to and what was decoded contradict each other.
    """
    streams = msgspec.json.decode(counted_json, type=Counted).streams
    if [stream.codec_name for stream in streams if stream.codec_type == "audio"] != [form.codec]:
        raise ValueError(f"not one track of {form.codec}")
    stream = next(stream for stream in streams if stream.codec_type == "audio")
    declared_s, decoded_s = float(stream.duration), _decoded_s(decoding)
    is_decoded_whole = first_s is None or declared_s <= first_s
    frame_s = _frame_s(stream) if form.has_counted_frames else 0.0
    # What is declared counts what an encoder puts in front and behind, at most three frames.
    padding_s = 0.1 + 3 * frame_s
    if abs(decoded_s - (declared_s if is_decoded_whole else first_s or 0.0)) > padding_s:
        raise ValueError(f"declares {declared_s} s, decodes to {decoded_s} s")
    framed_s = int(stream.nb_read_packets) * frame_s
    if form.has_counted_frames and abs(framed_s - declared_s) > padding_s:
        raise ValueError(f"declares {declared_s} s, holds {framed_s} s of frames")
    bitrate_bps = int(stream.bit_rate) if stream.bit_rate.isdigit() else None
    return Sound(decoded_s if is_decoded_whole else declared_s, bitrate_bps)


def _frame_s(stream: CountedStream) -> float:
    rate = int(stream.sample_rate)
    return (MP3_FRAME if rate >= MP3_LOW_HZ else MP3_FRAME_LOW) / rate


def _decoded_s(progress: bytes) -> float:
    reached = re.findall(rb"^out_time_us=(\d+)$", progress, re.MULTILINE)
    return int(reached[-1]) / 1e6 if reached else 0.0


def expected_s(info: MediaInfo, track: AudioTrack, asked: Window) -> float | None:
    """The seconds that ought to come out; None when the file declares nothing that one could hold it to."""
    declared = track.duration_s or (None if info.is_estimated else info.duration_s)
    if declared is None:
        return None
    return asked.overlap_s(track.start_s, track.start_s + declared)


def is_unremarkable(made_s: float, expected: float | None) -> bool:
    return expected is not None and made_s > 0 and made_s >= expected - UNREMARKABLE_S


def verdict(
    made_s: float, info: MediaInfo, track: AudioTrack, held: Held, asked: Window, *, complained: bool
) -> Verdict:
    """`made_s` came out of a source that holds `held`; `complained` when the decoder found faults on the
    way.
    """
    if info.has_own_duration and info.duration_s is not None:
        due_s = min(info.duration_s, asked.end_s)
        if held.file_end_s < due_s - tolerance_s(due_s):
            return Verdict.CUT_OFF
    # A tag may have outlived an edit, so a track's own word counts only together with a fault.
    if complained and track.duration_s is not None:
        due_s = min(track.start_s + track.duration_s, asked.end_s)
        if held.audio_end_s < due_s - tolerance_s(due_s):
            return Verdict.CUT_OFF
    # Where timestamps may leap without a reason, only the packets' own lengths mean something.
    there_s = asked.overlap_s(held.audio_start_s, held.audio_end_s)
    if not info.has_own_duration:
        there_s = min(there_s, held.audio_s)
    if made_s >= there_s - tolerance_s(there_s):
        return Verdict.WHOLE
    if complained:
        return Verdict.DAMAGED
    return Verdict.GAPS if info.has_own_duration else Verdict.WHOLE


class Tally:
    """Adds up ffprobe's packet lines, which may be millions, into a `Held`."""

    def __init__(self, stream_index: int, file_start_s: float) -> None:
        self._stream = str(stream_index).encode()
        self._origin_s = file_start_s
        self._start_s = FOREVER_S
        self._end_s = 0.0
        self._sum_s = 0.0
        self._file_end_s = 0.0

    def add(self, lines: Iterable[bytes]) -> None:
        """Lines of `stream_index,pts_time,duration_time,flags`; packets marked for discarding do not
        count.
        """
        for line in lines:
            stream, start, length, flags, *_ = (*line.split(b","), b"", b"", b"", b"")
            if b"D" in flags:
                continue
            start_s = _seconds(start)
            length_s = _seconds(length) or 0.0
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
    def held(self) -> Held:
        return Held(min(self._start_s, self._end_s), self._end_s, self._sum_s, self._file_end_s)


def _seconds(text: bytes) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
