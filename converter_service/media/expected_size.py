"""The expected size of a result, from what the source declares; for the reservation in the quota."""

from converter_service.media.audio_format import WIDE_BITS
from converter_service.media.bit_rates import bitrate_for
from converter_service.media.media_info import AudioTrack, MediaInfo
from converter_service.media.options import Options

# Of a variable bit rate at the best quality: LAME's V0 averages 245 kbit/s.
QUALITY_BPS = 245_000
USUAL_RATE_HZ, USUAL_CHANNELS = 48_000, 2
SAMPLE_BYTES, WIDE_SAMPLE_BYTES = 2, 3
# Music in FLAC has about half the size of its samples.
COMPRESSED = {"flac": 0.5}
# Of sources that do not declare their duration: bits a second that they have at the least, as a rule.
LEAST_SOUND_BPS, LEAST_LOSSLESS_BPS, LEAST_VIDEO_BPS = 64_000, 400_000, 1_000_000


def expected_bytes(info: MediaInfo, track: AudioTrack | None, options: Options, source_bytes: int) -> int:
    """The likely size of the result of a source of `source_bytes`; 0 if there is no track."""
    if track is None:
        return 0
    return int(expected_seconds(info, options, source_bytes) * _bytes_per_s(track, options))


def expected_seconds(info: MediaInfo, options: Options, source_bytes: int) -> float:
    """The likely duration of the result; by the source's size, if the source does not declare its own."""
    duration_s = _likely_duration_s(info, source_bytes)
    end_s = duration_s if options.end is None else min(options.end, duration_s)
    return max(0.0, end_s - (options.start or 0.0))


def _likely_duration_s(info: MediaInfo, source_bytes: int) -> float:
    if info.duration_s is not None and not info.is_estimated:
        return info.duration_s
    longest_s = source_bytes * 8 / _least_bps(info)
    return longest_s if info.duration_s is None else min(info.duration_s, longest_s)


def _least_bps(info: MediaInfo) -> int:
    if any(not picture.is_attached for picture in info.pictures):
        return LEAST_VIDEO_BPS
    is_lossless = any(track.bits > 0 for track in info.audio_tracks)
    return LEAST_LOSSLESS_BPS if is_lossless else LEAST_SOUND_BPS


def _bytes_per_s(track: AudioTrack, options: Options) -> float:
    if options.target.has_bitrate:
        return (bitrate_for(options, track) or QUALITY_BPS) / 8
    rate = options.sample_rate or track.sample_rate or USUAL_RATE_HZ
    channels = options.channels or min(track.channels or USUAL_CHANNELS, options.target.max_channels)
    sample_bytes = WIDE_SAMPLE_BYTES if track.bits > WIDE_BITS else SAMPLE_BYTES
    return rate * channels * sample_bytes * COMPRESSED.get(options.format, 1.0)
