"""What converts to what, as data: a new format is one entry, and so is a new source."""

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType

import msgspec


class RateLimit(msgspec.Struct, frozen=True):
    """The highest bit rate that a format has at sample rates up to `up_to_hz`.

    `steps_bps` are the only ones that it has from 64k up; none are named where every one can be had.
    """

    up_to_hz: int
    bitrate_bps: int
    steps_bps: tuple[int, ...] = ()


class Covers(Enum):
    """How a file carries a picture: not at all, as a stream of its own, or as a comment beside its tags."""

    NONE = auto()
    STREAM = auto()
    COMMENT = auto()


class Chapters(Enum):
    """How a file carries chapters: not at all, as its muxer writes them, or as comments beside its tags."""

    NONE = auto()
    NATIVE = auto()
    COMMENTS = auto()


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of audio file that is made.

    `encoder` and `muxer` are ffmpeg's names for writing, `demuxer` and `codec` those it must be recognised by
    afterwards. `sample_rates_hz` are the ones that can be asked for. `max_bytes_per_s` bounds the file: no
    honest one is larger. `has_counted_frames`: it is a row of frames of equal length, and says how many.
    `mono_bitrate_bps` is the most that a single channel can have, where that is less than two can.
    `settings` are the muxer's options, `encoder_settings` the encoder's.
    """

    name: str
    extension: str
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

    @property
    def has_bitrate(self) -> bool:
        return bool(self.bitrate_limits)

    def limit_at(self, sample_rate_hz: int | None) -> RateLimit:
        """What the format can carry at that sample rate; at its best one when that is still open."""
        rate = self.sample_rates_hz[-1] if sample_rate_hz is None else sample_rate_hz
        fitting = (limit for limit in self.bitrate_limits if rate <= limit.up_to_hz)
        return next(fitting, self.bitrate_limits[-1])

    def highest_bitrate_bps(self, sample_rate_hz: int | None, channels: int | None = None) -> int:
        """The same in bits per second, for so many channels; two when that is still open."""
        highest = self.limit_at(sample_rate_hz).bitrate_bps
        return min(highest, self.mono_bitrate_bps or highest) if channels == 1 else highest

    def sample_rate_for(self, source_hz: int, bitrate_bps: int | None) -> int:
        """The lowest that loses nothing and carries the bit rate, else the highest there is."""
        for rate in self.sample_rates_hz:
            if rate >= source_hz and (bitrate_bps is None or self.highest_bitrate_bps(rate) >= bitrate_bps):
                return rate
        return self.sample_rates_hz[-1]


_MPEG_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
# Layer III's bit rates by sample rate: MPEG-1 (ISO 11172-3), MPEG-2 (ISO 13818-3), and its extension below.
_MP3_LIMITS = (
    RateLimit(12_000, 64_000, (64_000,)),
    RateLimit(24_000, 160_000, (64_000, 80_000, 96_000, 112_000, 128_000, 144_000, 160_000)),
    RateLimit(
        48_000,
        320_000,
        (64_000, 80_000, 96_000, 112_000, 128_000, 160_000, 192_000, 224_000, 256_000, 320_000),
    ),
)

MP3 = Format(
    name="mp3",
    extension="mp3",
    media_type="audio/mpeg",
    encoder="libmp3lame",
    muxer="mp3",
    demuxer="mp3",
    codec="mp3",
    covers=Covers.STREAM,
    chapters=Chapters.NATIVE,
    sample_rates_hz=_MPEG_RATES,
    bitrate_limits=_MP3_LIMITS,
    has_quality=True,
    has_counted_frames=True,
    # 2.3 is what old players and Windows read; 2.4 gains nothing here.
    settings=MappingProxyType({"id3v2_version": "3"}),
)

M4A = Format(
    name="m4a",
    extension="m4a",
    media_type="audio/mp4",
    encoder="aac",
    muxer="ipod",
    demuxer="mov",
    codec="aac",
    covers=Covers.STREAM,
    chapters=Chapters.NATIVE,
    sample_rates_hz=_MPEG_RATES,
    bitrate_limits=(RateLimit(12_000, 64_000), RateLimit(24_000, 160_000), RateLimit(48_000, 320_000)),
    # The index in front, so that players start before they have everything.
    settings=MappingProxyType({"movflags": "+faststart"}),
)

OPUS = Format(
    name="opus",
    extension="opus",
    media_type="audio/ogg",
    encoder="libopus",
    muxer="opus",
    demuxer="ogg",
    codec="opus",
    covers=Covers.COMMENT,
    # ffmpeg 5.1's muxer writes a second too much where a chapter begins in a second's latter half.
    chapters=Chapters.COMMENTS,
    sample_rates_hz=(8_000, 12_000, 16_000, 24_000, 48_000),
    bitrate_limits=(RateLimit(48_000, 320_000),),
    mono_bitrate_bps=256_000,
    # Left to itself it takes a bit rate for advice: of plain tones it makes files of nearly twice the size.
    encoder_settings=MappingProxyType({"vbr": "constrained"}),
)

FLAC = Format(
    name="flac",
    extension="flac",
    media_type="audio/flac",
    encoder="flac",
    muxer="flac",
    demuxer="flac",
    codec="flac",
    covers=Covers.STREAM,
    chapters=Chapters.COMMENTS,
    sample_rates_hz=(*_MPEG_RATES, 88_200, 96_000),
    max_channels=8,
    max_bytes_per_s=3_200_000,
)

WAV = Format(
    name="wav",
    extension="wav",
    media_type="audio/wav",
    encoder="pcm_s16le",
    muxer="wav",
    demuxer="wav",
    codec="pcm_s16le",
    sample_rates_hz=(*_MPEG_RATES, 88_200, 96_000),
    max_channels=8,
    max_bytes_per_s=3_200_000,
    # RIFF's sizes have 32 bits; past 4 GiB the file becomes RF64 (EBU Tech 3306).
    settings=MappingProxyType({"rf64": "auto"}),
)

FORMATS: Mapping[str, Format] = MappingProxyType({f.name: f for f in (MP3, M4A, OPUS, FLAC, WAV)})
