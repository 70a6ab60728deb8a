"""The command line of ffmpeg that converts, composed with ffmpeg-python."""

from collections.abc import Mapping
from pathlib import Path

import ffmpeg

from converter_service.media.audio_format import Chapters
from converter_service.media.bit_rates import bitrate_for
from converter_service.media.ffmpeg.command_line import MAX_DECODE_ERRORS, audio_input, compile_command
from converter_service.media.ffmpeg.filters import PassOptions, apply_filters
from converter_service.media.ffmpeg.input_options import result_options
from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.stream_copy import muxer_options
from converter_service.media.ffmpeg.tools import Tools
from converter_service.media.ffmpeg.uniform_sound import uniform_input

COVER_STREAM: Mapping[str, str] = {
    "c:v": "copy",
    "disposition:v:0": "attached_pic",
    "metadata:s:v:0": "comment=Cover (front)",
}
METADATA_INPUT = ("-protocol_whitelist", "file", "-format_whitelist", "ffmetadata", "-f", "ffmetadata")

Settings = Mapping[str, str | int]
"""Options of an output."""


def convert(
    tools: Tools, job: TranscodeJob, options: PassOptions, *, has_cover: bool, at_most_s: float
) -> list[str]:
    """Writes one audio track to `job.target`, `at_most_s` seconds of it."""
    source = uniform_input() if options.is_uniform else audio_input(tools, job)
    sound = source if options.is_copy else apply_filters(source, job, options)
    codec: Settings = {"acodec": "copy", **muxer_options(job)} if options.is_copy else encoder_settings(job)
    settings: Settings = {**codec, "t": f"{at_most_s:.6f}", "threads": tools.threads}
    output = _output(job, sound, settings, has_cover=has_cover)
    words = compile_command(tools, output, MAX_DECODE_ERRORS, own_timestamps=not options.is_copy)
    return _with_metadata(job, words)


def write_tag(
    tools: Tools, job: TranscodeJob, sound: Path, *, has_cover: bool, at_most_s: float
) -> list[str]:
    """Writes the MP3 `sound` to `job.target`, behind the ID3 tag that `convert` would write."""
    copied = ffmpeg.input(f"file:{sound}", format=job.form.demuxer, **result_options(job.form, tools.threads))
    settings: Settings = {"acodec": "copy", "write_xing": 0, "t": f"{at_most_s:.6f}"}
    output = _output(job, copied["a:0"], settings, has_cover=has_cover)
    return _with_metadata(job, compile_command(tools, output, 0.0, reports_progress=False))


def encoder_settings(job: TranscodeJob) -> Settings:
    """The options of the encoder, with its name."""
    chosen: dict[str, str | int] = {"acodec": job.form.encoder, **job.form.encoder_settings}
    if (bitrate := bitrate_for(job.options, job.track)) is not None:
        chosen["audio_bitrate"] = bitrate
    elif job.options.quality is not None:
        chosen["q:a"] = job.options.quality
    return chosen


def _output(
    job: TranscodeJob,
    sound: ffmpeg.nodes.FilterableStream,
    codec: Settings,
    *,
    has_cover: bool,
) -> ffmpeg.nodes.OutputStream:
    """The output file; its metadata are those of the input behind `sound` and the cover."""
    streams = [sound, _cover_input(job.cover_path)] if has_cover else [sound]
    settings = {
        **job.form.settings,
        **codec,
        **(COVER_STREAM if has_cover else {}),
        **({"metadata:s:a:0": f"language={job.track.language}"} if job.track.language else {}),
        # No metadata is taken from the source: what is kept is in the metadata input.
        "map_metadata:s:a": -1,
        "map_metadata": len(streams),
        "map_chapters": len(streams) if job.form.chapters is Chapters.NATIVE else -1,
    }
    return ffmpeg.output(*streams, f"file:{job.target}", format=job.form.muxer, **settings)


def _with_metadata(job: TranscodeJob, words: list[str]) -> list[str]:
    """Inserts the metadata input: ffmpeg-python leaves out inputs of which no stream is mapped."""
    after = len(words) - words[::-1].index("-i") + 1
    return [*words[:after], *METADATA_INPUT, "-i", f"file:{job.metadata_path}", *words[after:]]


def _cover_input(cover: Path) -> ffmpeg.nodes.FilterableStream:
    """A frame of one millisecond, so that the result's duration is that of its audio."""
    options = {"protocol_whitelist": "file", "format_whitelist": "mjpeg", "codec_whitelist": "mjpeg"}
    return ffmpeg.input(f"file:{cover}", format="mjpeg", framerate=1000, **options)["v:0"]
