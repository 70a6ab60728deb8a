"""The chain of ffmpeg's audio filters between decoder and encoder."""

from collections.abc import Iterator, Mapping

import ffmpeg
import msgspec

from converter_service.media.bit_rates import bitrate_for
from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.mix import MIXING, layouts_for, mix_expression
from converter_service.media.ffmpeg.placement import LATER_S, Placement
from converter_service.media.ffmpeg.window import FOREVER_S
from converter_service.media.media_info import AudioTrack
from converter_service.media.options import Options

# For normalised audio whose own sample rate is not known.
LOUDNESS_HZ = 48_000
# Silence for every leap that `Placement` left.
FILLING: Mapping[str, float | str] = {"async": 1, "min_hard_comp": 0.005, **MIXING}

Filter = tuple[str, Mapping[str, str | float]]
Gain = Mapping[str, float | str]
"""Arguments of `loudnorm`."""


class PassOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How one pass of ffmpeg makes the result. `is_uniform`: it reads sound of one sample rate and layout,
    which is placed already, from another ffmpeg.
    """

    is_copy: bool = False
    is_uniform: bool = False
    gain: Gain | None = None


def apply_filters(
    source: ffmpeg.nodes.FilterableStream, job: TranscodeJob, settings: PassOptions
) -> ffmpeg.nodes.FilterableStream:
    for name, arguments in filter_chain(job, settings):
        source = source.filter(name, **arguments)
    return source


def filter_chain(job: TranscodeJob, settings: PassOptions) -> Iterator[Filter]:
    """Yields the filters in order. Cutting after the decoder is exact in every container, unlike seeking.
    Loudness is set last, for the final channels and sample rate.
    """
    track, options = job.track, job.options
    yield from _place(job, settings)
    rate = rate_for(track, options)
    # Every resampler may be the one that mixes, also when the layout changes in mid-stream.
    yield "aresample", MIXING
    if (layouts := layouts_for(track, options, is_one=settings.gain is not None)) is not None:
        yield "aformat", {"channel_layouts": layouts}
    if settings.gain is not None:
        rate = rate or LOUDNESS_HZ
    if rate is not None and (rate != track.sample_rate or settings.gain is not None):
        yield "aresample", {"sample_rate": rate, **MIXING}
    if settings.gain is not None:
        yield "loudnorm", settings.gain
        # loudnorm's output has 192 kHz.
        yield "aresample", {"sample_rate": rate or LOUDNESS_HZ}


def rate_for(track: AudioTrack, options: Options) -> int | None:
    """The result's sample rate in Hz; None to leave the choice to ffmpeg, which knows the decoder's."""
    if not track.sample_rate:
        return options.sample_rate
    bitrate = bitrate_for(options, track)
    return options.sample_rate or options.target.sample_rate_for(track.sample_rate, bitrate)


def _place(job: TranscodeJob, settings: PassOptions) -> Iterator[Filter]:
    """Places the sound on the source's time line, cuts it there, and lets it begin at 0."""
    window = job.window
    if settings.is_uniform:
        yield "asetpts", {"expr": f"PTS-round({LATER_S}/TB)"}
    else:
        yield "asetpts", {"expr": Placement.of(job.info, job.track).expression(window)}
        if (expression := mix_expression(job.track, job.options)) is not None:
            yield "pan", {"args": expression}
    yield "aresample", FILLING
    if window.start_s > 0 or window.end_s < FOREVER_S:
        end = {} if window.end_s == FOREVER_S else {"end": f"{window.end_s:.6f}"}
        yield "atrim", {"start": f"{window.start_s:.6f}", **end}
    if job.track.codec.startswith("wma"):
        # The WMA decoder drops the first frame, and Ogg would record that the audio begins after it.
        yield "asetpts", {"expr": "PTS-STARTPTS"}
    else:
        yield "asetpts", {"expr": f"PTS-round({window.origin_s(job.track):.6f}/TB)"}
