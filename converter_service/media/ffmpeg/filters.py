"""What happens to the sound between decoder and encoder, as a chain of ffmpeg's filters."""

from collections.abc import Iterator, Mapping

import ffmpeg
import msgspec

from converter_service.media.ffmpeg.metadata import origin_s
from converter_service.media.ffmpeg.verify import FOREVER_S, Window
from converter_service.media.options import Options
from converter_service.media.transcoder import AudioTrack

LAYOUTS: Mapping[int, str] = {1: "mono", 2: "stereo", 8: "7.1"}
# Centre and surrounds at -3 dB, no LFE (ITU-R BS.775-4, annex 4): ffmpeg knows. Coefficients that add up to
# more than 1 are all made smaller alike, so that nothing clips (ATSC A/52, 7.8.2): that has to be asked for.
MIXING: Mapping[str, str] = {"rematrix_maxval": "1.0"}
LATE_S = 0.05

Filter = tuple[str, Mapping[str, str | float]]


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """How one run makes its result. `fill_gaps` puts silence where timestamps leap, so that what follows
    stays in its place; `gain` are the arguments of `loudnorm`.
    """

    is_copy: bool = False
    fill_gaps: bool = False
    gain: Mapping[str, float | str] | None = None


def heard(
    source: ffmpeg.nodes.FilterableStream, track: AudioTrack, options: Options, recipe: Recipe
) -> ffmpeg.nodes.FilterableStream:
    for name, arguments in filters(track, options, recipe):
        source = source.filter(name, **arguments)
    return source


def filters(track: AudioTrack, options: Options, recipe: Recipe) -> Iterator[Filter]:
    """Cutting happens behind the decoder, which is exact in every container; seeking is not. The loudness of
    what comes out is set last, so that it holds for the channels and the rate that were asked for.
    """
    if recipe.fill_gaps:
        yield "aresample", {"async": 1}
    yield from _cut(track, Window.of(options))
    channels, rate = channels_for(track, options), rate_for(track, options)
    # Only when it must change: the header may be wrong, the decoder knows.
    if channels is not None:
        yield "aresample", MIXING
        yield "aformat", {"channel_layouts": LAYOUTS[channels]}
    if rate != track.sample_rate or recipe.gain is not None:
        yield "aresample", {"sample_rate": rate}
    if recipe.gain is not None:
        yield "loudnorm", recipe.gain
        # It works at 192 kHz.
        yield "aresample", {"sample_rate": rate}


def channels_for(track: AudioTrack, options: Options) -> int | None:
    """To how many the sound is mixed; None when it has as many as it should."""
    if options.channels is not None or track.channels > options.target.max_channels:
        return options.channels or options.target.max_channels
    return None


def rate_for(track: AudioTrack, options: Options) -> int:
    """In Hz, of the result."""
    bitrate = options.effective_bitrate_bps
    return options.sample_rate or options.target.sample_rate_for(track.sample_rate, bitrate)


def _cut(track: AudioTrack, asked: Window) -> Iterator[Filter]:
    if asked.start_s > 0 or asked.end_s < FOREVER_S:
        end = {} if asked.end_s == FOREVER_S else {"end": f"{asked.end_s:.6f}"}
        yield "atrim", {"start": f"{asked.start_s:.6f}", **end}
    begin_s = origin_s(track, asked)
    if begin_s > LATE_S:
        yield "asetpts", {"expr": f"PTS-{begin_s:.6f}/TB"}
    elif track.codec.startswith("wma"):
        # Its decoder swallows the first frame, and Ogg would say that the sound begins after it.
        yield "asetpts", {"expr": "PTS-STARTPTS"}
