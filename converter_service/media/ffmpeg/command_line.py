"""Compiles command lines of ffmpeg: the global options, and the source's audio as input."""

import ffmpeg

from converter_service.media.ffmpeg.input_options import audio_options
from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.probe_commands import MAX_ALLOC_BYTES
from converter_service.media.ffmpeg.tools import Tools

PROGRESS_PERIOD_S = 0.5
# The length check finds what is missing; this bound finds noise that a decoder made of damaged data.
MAX_DECODE_ERRORS = 0.5


def audio_input(tools: Tools, job: TranscodeJob) -> ffmpeg.nodes.FilterableStream:
    options = audio_options(tools.threads, is_deep=job.info.is_deep)
    return ffmpeg.input(f"file:{job.source}", **options)[f"a:{job.track.index}"]


def compile_command(
    tools: Tools,
    output: ffmpeg.nodes.OutputStream,
    most_errors: float,
    level: str = "error",
    *,
    own_timestamps: bool = False,
) -> list[str]:
    """Compiles the command line; global options stand before those of any file.

    `own_timestamps`: filters see the timestamps that are in the file. Otherwise ffmpeg subtracts its own idea
    of the file's start, which depends on the decoders that it may open.
    """
    options = ["-hide_banner", "-nostdin", "-nostats", "-y", "-v", level]
    options += ["-max_alloc", str(MAX_ALLOC_BYTES), "-max_error_rate", str(most_errors)]
    options += ["-progress", "pipe:1", "-stats_period", str(PROGRESS_PERIOD_S)]
    if own_timestamps:
        options.append("-copyts")
    compiled: list[str] = ffmpeg.compile(output, cmd=[tools.ffmpeg, *options])
    return compiled
