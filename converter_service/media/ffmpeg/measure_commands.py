"""The command lines of ffmpeg that write no file: measuring the loudness and decoding a result."""

from collections.abc import Mapping
from pathlib import Path

import ffmpeg

from converter_service.media.audio_format import Format
from converter_service.media.ffmpeg.command_line import (
    MAX_DECODE_ERRORS,
    audio_input,
    compile_command,
    track_input,
)
from converter_service.media.ffmpeg.filters import PassOptions, apply_filters
from converter_service.media.ffmpeg.input_options import result_options
from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.mix import MIXING
from converter_service.media.ffmpeg.tools import Tools
from converter_service.media.ffmpeg.uniform_sound import uniform_input
from converter_service.media.media_info import AudioTrack

# The summary needs log level `info`, at which the filter would also print a line per frame.
METER: Mapping[str, str] = {"peak": "true", "framelog": "verbose"}
# The lines that the filters `astats` and `ametadata` print for each frame.
MIN_LEVEL, MAX_LEVEL = b"lavfi.astats.Overall.Min_level", b"lavfi.astats.Overall.Max_level"
LEVELS: Mapping[str, str | int] = {
    "metadata": 1,
    "reset": 1,
    "measure_perchannel": "none",
    "measure_overall": "Min_level+Max_level",
}


def measure(tools: Tools, job: TranscodeJob, options: PassOptions, *, at_most_s: float) -> list[str]:
    """Measures the loudness of what `convert` would write; standard error ends with a summary."""
    source = uniform_input() if options.is_uniform else audio_input(tools, job)
    sound = apply_filters(source, job, options).filter("ebur128", **METER)
    output = sound.output("-", format="null", t=f"{at_most_s:.6f}", threads=tools.threads)
    return compile_command(tools, output, MAX_DECODE_ERRORS, "info", own_timestamps=True)


def first_frame(tools: Tools, source: Path, track: AudioTrack, *, is_deep: bool) -> list[str]:
    """Prints the samples of a track's first frame, or nothing if none can be decoded."""
    sound = track_input(tools, source, track, is_deep=is_deep)
    output = sound.output("-", format="s16le", **{"frames:a": 1, "threads": tools.threads})
    return compile_command(tools, output, 1.0, reports_progress=False)


def copied_time(tools: Tools, job: TranscodeJob, *, at_most_s: float) -> list[str]:
    """Copies the audio track to nowhere: the progress report then ends with its last timestamp."""
    output = audio_input(tools, job).output(
        "-", format="null", acodec="copy", t=f"{at_most_s:.6f}", threads=tools.threads
    )
    return compile_command(tools, output, MAX_DECODE_ERRORS)


def measure_result(tools: Tools, form: Format, result: Path) -> list[str]:
    """Measures the loudness of a result; standard error ends with a summary."""
    sound = ffmpeg.input(f"file:{result}", **result_options(form, tools.threads))["a:0"]
    output = sound.filter("ebur128", **METER).output("-", format="null", threads=tools.threads)
    return compile_command(tools, output, 0.0, "info")


def print_levels(tools: Tools, form: Format, result: Path, samples: int) -> list[str]:
    """Prints the lowest and the highest of every `samples` samples of a result, all channels averaged."""
    sound = ffmpeg.input(f"file:{result}", **result_options(form, tools.threads))["a:0"]
    averaged = sound.filter("aresample", **MIXING).filter(
        "aformat", sample_fmts="fltp", channel_layouts="mono"
    )
    levels = averaged.filter("asetnsamples", n=samples, p=0).filter("astats", **LEVELS)
    printed = levels.filter("ametadata", mode="print", file="-")
    output = printed.output("-", format="null", threads=tools.threads)
    return compile_command(tools, output, MAX_DECODE_ERRORS, reports_progress=False)


def decode(tools: Tools, form: Format, result: Path, first_s: float | None) -> list[str]:
    """Decodes a result, or its first seconds, and discards the audio."""
    limit = {} if first_s is None else {"t": first_s}
    sound = ffmpeg.input(f"file:{result}", **result_options(form, tools.threads), **limit)["a:0"]
    # Progress reports then count decoded samples, whatever the timestamps say.
    counted = sound.filter("asetpts", expr="N/SR/TB")
    return compile_command(tools, counted.output("-", format="null", threads=tools.threads), 0.0)
