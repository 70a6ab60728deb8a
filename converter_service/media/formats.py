"""The output formats, as data: a new format is one entry here."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec.structs import replace

from converter_service.media.audio_format import Chapters, Covers, Format, RateLimit

_MPEG_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
# Layer III's bit rates by sample rate: MPEG-2.5 (an extension), MPEG-2 (ISO 13818-3), MPEG-1 (ISO 11172-3).
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
    # Old players and Windows read ID3v2.3 only; 2.4 has no advantage here.
    settings=MappingProxyType({"id3v2_version": "3"}),
)

M4A = Format(
    name="m4a",
    media_type="audio/mp4",
    encoder="aac",
    muxer="ipod",
    demuxer="mov",
    codec="aac",
    covers=Covers.STREAM,
    chapters=Chapters.NATIVE,
    sample_rates_hz=_MPEG_RATES,
    bitrate_limits=(RateLimit(12_000, 64_000), RateLimit(24_000, 160_000), RateLimit(48_000, 320_000)),
    # The index first, so that players can start before the download is complete.
    settings=MappingProxyType({"movflags": "+faststart"}),
)

OPUS = Format(
    name="opus",
    media_type="audio/ogg",
    encoder="libopus",
    muxer="opus",
    demuxer="ogg",
    codec="opus",
    covers=Covers.COMMENT,
    # ffmpeg 5.1's muxer rounds chapter starts up, so that those in the second half of a second are wrong.
    chapters=Chapters.COMMENTS,
    sample_rates_hz=(8_000, 12_000, 16_000, 24_000, 48_000),
    bitrate_limits=(RateLimit(48_000, 320_000),),
    mono_bitrate_bps=256_000,
    # In its default mode libopus exceeds the bit rate: files of pure tones get nearly twice the size.
    encoder_settings=MappingProxyType({"vbr": "constrained"}),
)

_FLAC = Format(
    name="flac",
    media_type="audio/flac",
    encoder="flac",
    muxer="flac",
    demuxer="flac",
    codec="flac",
    # Otherwise ffmpeg's choice for lossy sources is 24 bits.
    encoder_settings=MappingProxyType({"sample_fmt": "s16"}),
    covers=Covers.STREAM,
    chapters=Chapters.COMMENTS,
    sample_rates_hz=(*_MPEG_RATES, 88_200, 96_000),
    max_channels=8,
    max_bytes_per_s=3_200_000,
)

_WAV = Format(
    name="wav",
    media_type="audio/wav",
    encoder="pcm_s16le",
    muxer="wav",
    demuxer="wav",
    codec="pcm_s16le",
    sample_rates_hz=(*_MPEG_RATES, 88_200, 96_000),
    max_channels=8,
    max_bytes_per_s=3_200_000,
    # RIFF's sizes have 32 bits; above 4 GiB the file is written as RF64 (EBU Tech 3306).
    settings=MappingProxyType({"rf64": "auto"}),
)

# The same for sources of more than 16 bits.
_FLAC_24 = replace(
    _FLAC, encoder_settings=MappingProxyType({"sample_fmt": "s32", "bits_per_raw_sample": "24"})
)
_WAV_24 = replace(_WAV, encoder="pcm_s24le", codec="pcm_s24le")

FLAC = replace(_FLAC, wide=_FLAC_24)
WAV = replace(_WAV, wide=_WAV_24)

FORMATS: Mapping[str, Format] = MappingProxyType({f.name: f for f in (MP3, M4A, OPUS, FLAC, WAV)})
