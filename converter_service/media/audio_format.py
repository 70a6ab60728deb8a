"""The description of an audio format: encoder, muxer, bit rates, and how files carry covers and chapters."""

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType

import msgspec

WIDE_BITS = 16


class RateLimit(msgspec.Struct, frozen=True):
    """The highest bit rate of a format at sample rates up to `up_to_hz`.

    `steps_bps` lists all bit rates from 64k up; it is empty if every one is possible.
    """

    up_to_hz: int
    bitrate_bps: int
    steps_bps: tuple[int, ...] = ()


class Covers(Enum):
    """How files of a format carry a picture: not at all, as a video stream, or as a Vorbis comment."""

    NONE = auto()
    STREAM = auto()
    COMMENT = auto()


class Chapters(Enum):
    """How files of a format carry chapters: not at all, written by the muxer, or as Vorbis comments."""

    NONE = auto()
    NATIVE = auto()
    COMMENTS = auto()


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """An output format; its `name` is also the extension of its files.

    `encoder` and `muxer` are ffmpeg's names for writing, `demuxer` and `codec` those that ffprobe must report
    about a result. `sample_rates_hz` can be requested. `max_bytes_per_s` bounds the file's size.
    `has_counted_frames`: files consist of frames of equal length and declare their number. `mono_bitrate_bps`
    is the highest bit rate of one channel, if lower than that of two. `settings` are the muxer's options,
    `encoder_settings` the encoder's. `wide` is its variant for sources of more than WIDE_BITS per sample.
    """

    name: str
    media_type: str
    encoder: str
    muxer: str
    demuxer: str
    codec: str
    sample_rates_hz: tuple[int, ...]
    bitrate_limits: tuple[RateLimit, ...] = ()
    mono_bitrate_bps: int | None = None
    has_quality: bool = False
    has_counted_frames: bool = False
    covers: Covers = Covers.NONE
    chapters: Chapters = Chapters.NONE
    max_channels: int = 2
    max_bytes_per_s: int = 48_000
    settings: Mapping[str, str] = MappingProxyType({})
    encoder_settings: Mapping[str, str] = MappingProxyType({})
    wide: "Format | None" = None

    def for_bits(self, bits: int) -> "Format":
        """The variant for samples of `bits`, which is the format itself if that has no other."""
        return self.wide if self.wide is not None and bits > WIDE_BITS else self

    @property
    def has_bitrate(self) -> bool:
        return bool(self.bitrate_limits)

    def limit_at(self, sample_rate_hz: int | None) -> RateLimit:
        """The limit at a sample rate; None stands for the highest one."""
        rate = self.sample_rates_hz[-1] if sample_rate_hz is None else sample_rate_hz
        fitting = (limit for limit in self.bitrate_limits if rate <= limit.up_to_hz)
        return next(fitting, self.bitrate_limits[-1])

    def highest_bitrate_bps(self, sample_rate_hz: int | None, channels: int | None = None) -> int:
        """The highest bit rate in bits per second for 1 or 2 channels; None stands for 2."""
        highest = self.limit_at(sample_rate_hz).bitrate_bps
        return min(highest, self.mono_bitrate_bps or highest) if channels == 1 else highest

    def sample_rate_for(self, source_hz: int, bitrate_bps: int | None) -> int:
        """The lowest sample rate that is at least the source's and allows the bit rate, else the highest."""
        for rate in self.sample_rates_hz:
            if rate >= source_hz and (bitrate_bps is None or self.highest_bitrate_bps(rate) >= bitrate_bps):
                return rate
        return self.sample_rates_hz[-1]
