"""The verified facts about a result, from what it declares, its frames and ffmpeg's decoding of it."""

import re

import msgspec

from converter_service.media.audio_format import Format
from converter_service.media.mp3.frame_count import FrameCount
from converter_service.media.mp3.frame_header import frame_samples


class VerifiedAudio(msgspec.Struct, frozen=True):
    """A result's duration, its bit rate if the format declares one, and the decoder's error messages about
    the source. `silence_s` was put in for gaps in the source's timestamps, `lost_s` is missing without
    silence in its place; `source_s` is the source's own duration, if its packets were listed;
    `is_uniform`: its sample rate or channels change; `replaced_frames` are damaged ones for which the decoder
    made something up.
    """

    seconds: float
    bitrate_bps: int | None = None
    complaints: str = ""
    silence_s: float = 0.0
    lost_s: float = 0.0
    is_uniform: bool = False
    replaced_frames: int = 0
    source_s: float | None = None
    sample_rate: int = 0

    @property
    def sound_s(self) -> float:
        return self.seconds - self.silence_s


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds that a result declares, and those of its frames, of `frame_s` each, if they are counted."""

    declared_s: float
    framed_s: float | None = None
    frame_s: float = 0.0
    bitrate_bps: int | None = None
    sample_rate: int = 0


class ReportedStream(msgspec.Struct, frozen=True):
    codec_type: str = ""
    codec_name: str = ""
    sample_rate: str = "0"
    duration: str = "0"
    bit_rate: str = ""
    nb_read_packets: str = "0"


class Report(msgspec.Struct, frozen=True):
    """ffprobe's JSON about a result."""

    streams: list[ReportedStream] = []


def contents_of_frames(count: FrameCount) -> Contents:
    """The contents of an MP3 that was encoded here."""
    return Contents(
        declared_s=count.declared * count.frame_s,
        framed_s=count.counted * count.frame_s,
        frame_s=count.frame_s,
        bitrate_bps=count.bitrate_bps,
        sample_rate=count.sample_rate,
    )


def parse_contents(report_json: bytes, form: Format) -> Contents:
    """Raises ValueError if the result is not one track in the codec of `form`, or has no duration."""
    streams = msgspec.json.decode(report_json, type=Report).streams
    if [stream.codec_name for stream in streams if stream.codec_type == "audio"] != [form.codec]:
        raise ValueError(f"not one track of {form.codec}")
    stream = next(stream for stream in streams if stream.codec_type == "audio")
    frame_s = _frame_s(stream) if form.has_counted_frames else 0.0
    return Contents(
        declared_s=float(stream.duration),
        framed_s=int(stream.nb_read_packets) * frame_s if form.has_counted_frames else None,
        frame_s=frame_s,
        bitrate_bps=int(stream.bit_rate) if stream.bit_rate.isdigit() else None,
        sample_rate=int(stream.sample_rate),
    )


def verify_audio(
    contents: Contents, progress: bytes, first_s: float | None, complaints: str = ""
) -> VerifiedAudio:
    """Compares a result's contents with ffmpeg's progress while it decoded the result, or its first seconds.

    Raises ValueError if the declared duration, the sum of the frames and the decoded duration contradict each
    other.
    """
    declared_s, made_s = contents.declared_s, decoded_s(progress)
    is_decoded_whole = first_s is None or declared_s <= first_s
    # The declared duration includes the encoder's padding at both ends, at most three frames.
    padding_s = 0.1 + 3 * contents.frame_s
    if abs(made_s - (declared_s if is_decoded_whole else first_s or 0.0)) > padding_s:
        raise ValueError(f"declares {declared_s} s, decodes to {made_s} s")
    if contents.framed_s is not None and abs(contents.framed_s - declared_s) > padding_s:
        raise ValueError(f"declares {declared_s} s, holds {contents.framed_s} s of frames")
    return VerifiedAudio(
        made_s if is_decoded_whole else declared_s,
        contents.bitrate_bps,
        complaints,
        sample_rate=contents.sample_rate,
    )


def _frame_s(stream: ReportedStream) -> float:
    rate = int(stream.sample_rate)
    return frame_samples(rate) / rate


def decoded_s(progress: bytes) -> float:
    reached = re.findall(rb"^out_time_us=(\d+)$", progress, re.MULTILINE)
    return int(reached[-1]) / 1e6 if reached else 0.0
