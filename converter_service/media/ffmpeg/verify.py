"""Verification of a result: its own consistency, and whether it holds all of the source's audio.

ffmpeg's exit code 0 does not tell: it is also 0 for a file that was cut off after its index, and for one
whose middle is missing. The result's seconds are compared with what the source declares; where too few came
out, or nothing is declared, the ends of the source's packets decide.
"""

import re
from enum import Enum, auto

import msgspec

from converter_service.media.audio_format import Format
from converter_service.media.ffmpeg.job import Window
from converter_service.media.ffmpeg.packets import SourceExtent
from converter_service.media.transcoder import AudioTrack, MediaInfo

# Encoder padding, priming and last partial frames together stay below this.
LENGTH_TOLERANCE_S = 0.2
# Samples in one Layer III frame: ISO 11172-3 (from 32 kHz up) and ISO 13818-3 (below).
MP3_FRAME, MP3_FRAME_LOW, MP3_LOW_HZ = 1152, 576, 32_000


class Verdict(Enum):
    """Result of the check. `GAPS`: all packets came out, but their timestamps leave gaps."""

    WHOLE = auto()
    CUT_OFF = auto()
    DAMAGED = auto()
    GAPS = auto()


def tolerance_s(duration_s: float) -> float:
    """Seconds that may be missing at the end of `duration_s` seconds before they count as lost.

    A frame or two, a fiftieth of short files but at most a second, and a thousandth of long ones, whose
    headers are rounded by muxers.
    """
    return 0.1 + min(1.0, 0.02 * duration_s) + 0.001 * duration_s


def has_expected_length(made_s: float, expected: float | None) -> bool:
    """Whether the result is as long as expected, so that the packets need not be listed."""
    return expected is not None and made_s > 0 and made_s >= expected - LENGTH_TOLERANCE_S


def verdict(
    made_s: float,
    info: MediaInfo,
    track: AudioTrack,
    extent: SourceExtent,
    window: Window,
    *,
    complained: bool,
) -> Verdict:
    """Compares `made_s` seconds of result with the packets of the source; `complained`: the decoder reported
    errors.
    """
    if info.has_own_duration and info.duration_s is not None:
        due_s = min(info.duration_s, window.end_s)
        if extent.file_end_s < due_s - tolerance_s(due_s):
            return Verdict.CUT_OFF
    # A duration tag may be stale after an edit, so a track's own duration counts only together with errors.
    if complained and track.duration_s is not None:
        due_s = min(track.start_s + track.duration_s, window.end_s)
        if extent.audio_end_s < due_s - tolerance_s(due_s):
            return Verdict.CUT_OFF
    # Where timestamps may jump for no reason, only the durations of the packets are meaningful.
    there_s = window.overlap_s(extent.audio_start_s, extent.audio_end_s)
    if not info.has_own_duration:
        there_s = min(there_s, extent.audio_s)
    if made_s >= there_s - tolerance_s(there_s):
        return Verdict.WHOLE
    if complained:
        return Verdict.DAMAGED
    return Verdict.GAPS if info.has_own_duration else Verdict.WHOLE


class VerifiedAudio(msgspec.Struct, frozen=True):
    """A result's duration, its bit rate if the format declares one, and the decoder's error messages about
    the source.
    """

    seconds: float
    bitrate_bps: int | None = None
    complaints: str = ""


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


def verify_audio(
    counted_json: bytes, progress: bytes, form: Format, first_s: float | None, complaints: str = ""
) -> VerifiedAudio:
    """Compares ffprobe's count with ffmpeg's progress while it decoded the result, or its first seconds.

    Raises ValueError if the codec is not that of `form`, or if the declared duration, the sum of the frames
    and the decoded duration contradict each other.
    """
    streams = msgspec.json.decode(counted_json, type=Counted).streams
    if [stream.codec_name for stream in streams if stream.codec_type == "audio"] != [form.codec]:
        raise ValueError(f"not one track of {form.codec}")
    stream = next(stream for stream in streams if stream.codec_type == "audio")
    declared_s, decoded_s = float(stream.duration), _decoded_s(progress)
    is_decoded_whole = first_s is None or declared_s <= first_s
    frame_s = _frame_s(stream) if form.has_counted_frames else 0.0
    # The declared duration includes the encoder's padding at both ends, at most three frames.
    padding_s = 0.1 + 3 * frame_s
    if abs(decoded_s - (declared_s if is_decoded_whole else first_s or 0.0)) > padding_s:
        raise ValueError(f"declares {declared_s} s, decodes to {decoded_s} s")
    framed_s = int(stream.nb_read_packets) * frame_s
    if form.has_counted_frames and abs(framed_s - declared_s) > padding_s:
        raise ValueError(f"declares {declared_s} s, holds {framed_s} s of frames")
    bitrate_bps = int(stream.bit_rate) if stream.bit_rate.isdigit() else None
    return VerifiedAudio(decoded_s if is_decoded_whole else declared_s, bitrate_bps, complaints)


def _frame_s(stream: CountedStream) -> float:
    rate = int(stream.sample_rate)
    return (MP3_FRAME if rate >= MP3_LOW_HZ else MP3_FRAME_LOW) / rate


def _decoded_s(progress: bytes) -> float:
    reached = re.findall(rb"^out_time_us=(\d+)$", progress, re.MULTILINE)
    return int(reached[-1]) / 1e6 if reached else 0.0
