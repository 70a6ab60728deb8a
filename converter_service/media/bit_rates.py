"""The default bit rate: 192 kbit/s, or what is transparent for sources of low sample rates."""

import msgspec

from converter_service.media.media_info import AudioTrack
from converter_service.media.options import Options


class SpeechRate(msgspec.Struct, frozen=True):
    """The default bit rates of one channel and of two, for sources of sample rates up to `up_to_hz`."""

    up_to_hz: int
    mono_bps: int
    stereo_bps: int


# Per sample and channel more than 192 kbit/s are for stereo at 44.1 kHz, so that nothing is lost.
SPEECH_RATES = (
    SpeechRate(12_000, 64_000, 64_000),
    SpeechRate(16_000, 64_000, 96_000),
    SpeechRate(24_000, 96_000, 128_000),
)


def bitrate_for(options: Options, track: AudioTrack) -> int | None:
    """The bit rate to encode a track with; None for VBR and for formats without bit rates. One that is
    requested is used, as far as the format has it for the result's channels.
    """
    bitrate_bps = options.effective_bitrate_bps
    if bitrate_bps is None:
        return None
    channels = options.channels or track.channels
    if options.bitrate_bps is None and track.sample_rate and channels:
        bitrate_bps = min(bitrate_bps, _useful_bps(track.sample_rate, channels) or bitrate_bps)
    return min(bitrate_bps, options.target.highest_bitrate_bps(options.sample_rate, channels))


def _useful_bps(sample_rate_hz: int, channels: int) -> int | None:
    for rate in SPEECH_RATES:
        if sample_rate_hz <= rate.up_to_hz:
            return rate.mono_bps if channels == 1 else rate.stereo_bps
    return None
