"""The verified facts about a result, from ffprobe's frame count and ffmpeg's decoding of it."""

import re

import msgspec

from converter_service.media.audio_format import Format

# Samples in one Layer III frame: ISO 11172-3 (from 32 kHz up) and ISO 13818-3 (below).
MP3_FRAME, MP3_FRAME_LOW, MP3_LOW_HZ = 1152, 576, 32_000


class VerifiedAudio(msgspec.Struct, frozen=True):
    """A result's duration, its bit rate if the format declares one, and the decoder's error messages about
    the source. `silence_s` was put in for gaps in the source's timestamps, `lost_s` is missing without
    silence in its place; `source_s` is the source's own duration, if its packets were listed;
    `is_uniform`: its sample rate or channels change.
    """

    seconds: float
    bitrate_bps: int | None = None
    complaints: str = ""
    silence_s: float = 0.0
    lost_s: float = 0.0
    is_uniform: bool = False
    source_s: float | None = None

    @property
    def sound_s(self) -> float:
        return self.seconds - self.silence_s


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
    declared_s, made_s = float(stream.duration), decoded_s(progress)
    is_decoded_whole = first_s is None or declared_s <= first_s
    frame_s = _frame_s(stream) if form.has_counted_frames else 0.0
    # The declared duration includes the encoder's padding at both ends, at most three frames.
    padding_s = 0.1 + 3 * frame_s
    if abs(made_s - (declared_s if is_decoded_whole else first_s or 0.0)) > padding_s:
        raise ValueError(f"declares {declared_s} s, decodes to {made_s} s")
    framed_s = int(stream.nb_read_packets) * frame_s
    if form.has_counted_frames and abs(framed_s - declared_s) > padding_s:
        raise ValueError(f"declares {declared_s} s, holds {framed_s} s of frames")
    bitrate_bps = int(stream.bit_rate) if stream.bit_rate.isdigit() else None
    return VerifiedAudio(made_s if is_decoded_whole else declared_s, bitrate_bps, complaints)


def _frame_s(stream: CountedStream) -> float:
    rate = int(stream.sample_rate)
    return (MP3_FRAME if rate >= MP3_LOW_HZ else MP3_FRAME_LOW) / rate


def decoded_s(progress: bytes) -> float:
    reached = re.findall(rb"^out_time_us=(\d+)$", progress, re.MULTILINE)
    return int(reached[-1]) / 1e6 if reached else 0.0
