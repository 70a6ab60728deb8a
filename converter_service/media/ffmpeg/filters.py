"""The chain of ffmpeg's audio filters between decoder and encoder."""

from collections.abc import Iterator, Mapping

import ffmpeg
import msgspec

from converter_service.media.ffmpeg.window import FOREVER_S, Window
from converter_service.media.media_info import AudioTrack
from converter_service.media.options import Options

LAYOUTS: Mapping[int, str] = {1: "mono", 2: "stereo", 8: "7.1"}
# ffmpeg's default: centre and surrounds at -3 dB, no LFE (ITU-R BS.775-4, annex 4). With this value it scales
# coefficients that add up to more than 1 down alike, so that nothing clips (ATSC A/52, 7.8.2).
MIXING: Mapping[str, str] = {"rematrix_maxval": "1.0"}
LATE_S = 0.05

Filter = tuple[str, Mapping[str, str | float]]
Gain = Mapping[str, float | str]
"""Arguments of `loudnorm`."""


class PassOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How one pass of ffmpeg makes the result. `fill_gaps` inserts silence where timestamps leave gaps, so
    that later audio keeps its position.
    """

    is_copy: bool = False
    fill_gaps: bool = False
    gain: Gain | None = None


def apply_filters(
    source: ffmpeg.nodes.FilterableStream, track: AudioTrack, options: Options, settings: PassOptions
) -> ffmpeg.nodes.FilterableStream:
    for name, arguments in filter_chain(track, options, settings):
        source = source.filter(name, **arguments)
    return source


def filter_chain(track: AudioTrack, options: Options, settings: PassOptions) -> Iterator[Filter]:
    """Yields the filters in order. Cutting after the decoder is exact in every container, unlike seeking.
    Loudness is set last, for the final channels and sample rate.
    """
    if settings.fill_gaps:
        yield "aresample", {"async": 1}
    yield from _cut(track, Window.of(options))
    channels, rate = channels_for(track, options), rate_for(track, options)
    # Not set if unchanged: the header may be wrong, and then the decoder's layout is right.
    if channels is not None:
        yield "aresample", MIXING
        yield "aformat", {"channel_layouts": LAYOUTS[channels]}
    if rate != track.sample_rate or settings.gain is not None:
        yield "aresample", {"sample_rate": rate}
    if settings.gain is not None:
        yield "loudnorm", settings.gain
        # loudnorm's output has 192 kHz.
        yield "aresample", {"sample_rate": rate}


def channels_for(track: AudioTrack, options: Options) -> int | None:
    """The number of channels to mix to; None to keep the source's."""
    if options.channels is not None or track.channels > options.target.max_channels:
        return options.channels or options.target.max_channels
    return None


def rate_for(track: AudioTrack, options: Options) -> int:
    """The result's sample rate in Hz."""
    bitrate = options.effective_bitrate_bps
    return options.sample_rate or options.target.sample_rate_for(track.sample_rate, bitrate)


def _cut(track: AudioTrack, window: Window) -> Iterator[Filter]:
    if window.start_s > 0 or window.end_s < FOREVER_S:
        end = {} if window.end_s == FOREVER_S else {"end": f"{window.end_s:.6f}"}
        yield "atrim", {"start": f"{window.start_s:.6f}", **end}
    begin_s = window.origin_s(track)
    if begin_s > LATE_S:
        yield "asetpts", {"expr": f"PTS-{begin_s:.6f}/TB"}
    elif track.codec.startswith("wma"):
        # The WMA decoder drops the first frame, and Ogg would record that the audio begins after it.
        yield "asetpts", {"expr": "PTS-STARTPTS"}
