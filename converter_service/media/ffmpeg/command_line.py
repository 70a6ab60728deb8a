"""Compiles command lines of ffmpeg: the global options, and the source's audio as input."""

from pathlib import Path

import ffmpeg

from converter_service.media.ffmpeg.input_options import audio_options
from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.probe_commands import MAX_ALLOC_BYTES
from converter_service.media.ffmpeg.tools import Tools
from converter_service.media.media_info import AudioTrack

PROGRESS_PERIOD_S = 0.5
# The length check finds what is missing; this bound finds noise that a decoder made of damaged data.
MAX_DECODE_ERRORS = 0.5


def audio_input(tools: Tools, job: TranscodeJob) -> ffmpeg.nodes.FilterableStream:
    decoder = {} if job.decoder is None else {f"c:{job.track.stream}": job.decoder}
    return track_input(tools, job.source, job.track, is_deep=job.info.is_deep, **decoder)


def track_input(
    tools: Tools, source: Path, track: AudioTrack, *, is_deep: bool, **more: str
) -> ffmpeg.nodes.FilterableStream:
    """`more` are further options of the input."""
    options = {**audio_options(tools.threads, is_deep=is_deep), **more}
    return ffmpeg.input(f"file:{source}", **options)[f"a:{track.index}"]


def compile_command(
    tools: Tools,
    output: ffmpeg.nodes.OutputStream,
    most_errors: float,
    level: str = "error",
    *,
    own_timestamps: bool = False,
    reports_progress: bool = True,
) -> list[str]:
    """Compiles the command line; global options stand before those of any file.

    `own_timestamps`: filters see the timestamps that are in the file. Otherwise ffmpeg subtracts its own idea
    of the file's start, which depends on the decoders that it may open.
    """
    options = ["-hide_banner", "-nostdin", "-nostats", "-y", "-v", level]
    options += ["-max_alloc", str(MAX_ALLOC_BYTES), "-max_error_rate", str(most_errors)]
    if reports_progress:
        options += ["-progress", "pipe:1", "-stats_period", str(PROGRESS_PERIOD_S)]
    if own_timestamps:
        options.append("-copyts")
    compiled: list[str] = ffmpeg.compile(output, cmd=[tools.ffmpeg, *options])
    return compiled
