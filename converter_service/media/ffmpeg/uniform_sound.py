"""Sound of one sample rate and layout from a track in which they change.

For each change ffmpeg builds its filters anew: what a filter knows or holds is lost, among it where sound was
placed, and no silence is put in between. Therefore one ffmpeg decodes such a track to uniform samples, whose
packets it places by a bitstream filter, which is not built anew; a second one reads them from a pipe.
"""

from collections.abc import Mapping

import ffmpeg

from converter_service.media.ffmpeg.command_line import MAX_DECODE_ERRORS, audio_input, compile_command
from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.mix import BY_COUNT, MIXING, RULED, mix_expression
from converter_service.media.ffmpeg.placement import Placement
from converter_service.media.ffmpeg.tools import Tools

# If the track's own rate is not known.
USUAL_HZ = 48_000
CODEC, MUXER = "pcm_f32le", "nut"
PIPED: Mapping[str, str] = {
    "format": MUXER,
    "protocol_whitelist": "pipe",
    "format_whitelist": MUXER,
    "codec_whitelist": CODEC,
}


def write_uniform(tools: Tools, job: TranscodeJob) -> list[str]:
    """Writes the track's sound to standard output, each packet LATER_S later than where it belongs."""
    track, sound = job.track, audio_input(tools, job)
    if (expression := mix_expression(track, job.options)) is not None:
        sound = sound.filter("pan", args=expression)
    rate = track.sample_rate or USUAL_HZ
    sound = sound.filter("aresample", sample_rate=rate, **MIXING)
    sound = sound.filter("aformat", sample_fmts="flt", sample_rates=rate, channel_layouts=_layout(job))
    place = Placement.of(job.info, track).expression(job.window, of_packets=True)
    settings = {"acodec": CODEC, "bsf:a": f"setts=ts='{place}'", "threads": tools.threads}
    output = sound.output("pipe:1", format=MUXER, **settings)
    return compile_command(tools, output, MAX_DECODE_ERRORS, own_timestamps=True, reports_progress=False)


def uniform_input() -> ffmpeg.nodes.FilterableStream:
    return ffmpeg.input("pipe:0", **PIPED)["a:0"]


def _layout(job: TranscodeJob) -> str:
    """The layout of the first sound, or the one that the result must have."""
    if job.options.channels is not None:
        return BY_COUNT[job.options.channels]
    channels = min(job.track.channels or 2, job.options.target.max_channels)
    if mix_expression(job.track, job.options) is None and channels == job.track.channels:
        return job.track.layout if job.track.layout in RULED else BY_COUNT[channels]
    return BY_COUNT[min(channels, 2)]
