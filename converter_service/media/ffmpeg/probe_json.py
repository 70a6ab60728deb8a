"""The JSON that ffprobe prints about a source."""

import re

import msgspec

from converter_service.media.media_info import TrackKind

# Codecs that keep floating-point samples, or DSD, which is decoded to such. Their precision is that of float.
LOSSLESS_FLOAT = ("pcm_f", "dsd_", "dst", "wavpack", "mp4als")
FLOAT_BITS = 24
HEXADECIMAL = re.compile(r"0x[0-9a-f]{1,16}", re.ASCII | re.IGNORECASE)


class FormatEntry(msgspec.Struct, frozen=True):
    format_name: str
    duration: str = ""
    start_time: str = ""
    tags: dict[str, str] = {}


class Disposition(msgspec.Struct, frozen=True):
    default: int = 0
    attached_pic: int = 0
    comment: int = 0
    visual_impaired: int = 0
    hearing_impaired: int = 0
    dub: int = 0
    descriptions: int = 0
    clean_effects: int = 0

    @property
    def kind(self) -> TrackKind:
        if self.comment:
            return TrackKind.COMMENTARY
        if self.visual_impaired or self.descriptions:
            return TrackKind.AUDIO_DESCRIPTION
        if self.hearing_impaired:
            return TrackKind.HEARING_IMPAIRED
        return TrackKind.DUB if self.dub or self.clean_effects else TrackKind.MAIN


class StreamEntry(msgspec.Struct, frozen=True):
    index: int = 0
    id: str = ""
    codec_type: str = ""
    codec_name: str = ""
    sample_rate: str = ""
    channels: int = 0
    channel_layout: str = ""
    sample_fmt: str = ""
    bits_per_sample: int = 0
    bits_per_raw_sample: str = ""
    start_time: str = ""
    duration: str = ""
    disposition: Disposition = Disposition()
    tags: dict[str, str] = {}

    @property
    def bits(self) -> int:
        """The precision of samples; 0 for lossy codecs, whose decoders choose it."""
        if self.sample_fmt.startswith(("flt", "dbl")):
            return FLOAT_BITS if self.codec_name.startswith(LOSSLESS_FLOAT) else 0
        raw = int(self.bits_per_raw_sample) if self.bits_per_raw_sample.isdigit() else 0
        return raw or self.bits_per_sample

    @property
    def identifier(self) -> int | None:
        """The file's own number for the stream, which ffprobe prints in hexadecimal."""
        return int(self.id, 16) if HEXADECIMAL.fullmatch(self.id) else None

    @property
    def is_video(self) -> bool:
        """Whether it is a moving picture, not a cover."""
        return self.codec_type == "video" and not self.disposition.attached_pic


class ChapterEntry(msgspec.Struct, frozen=True):
    start_time: str = ""
    end_time: str = ""
    tags: dict[str, str] = {}


class ProbeOutput(msgspec.Struct, frozen=True):
    """The JSON that ffprobe prints about a source, as far as it is requested."""

    format: FormatEntry
    streams: list[StreamEntry] = []
    chapters: list[ChapterEntry] = []
