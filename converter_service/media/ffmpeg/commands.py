"""The command lines of ffmpeg, composed with ffmpeg-python."""

from collections.abc import Mapping
from pathlib import Path

import ffmpeg

from converter_service.media.audio_format import Chapters, Format
from converter_service.media.ffmpeg.cover import MAX_SIDE, QUALITY, CoverSource
from converter_service.media.ffmpeg.filters import PassOptions, apply_filters
from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.probe_commands import (
    MAX_ALLOC_BYTES,
    audio_options,
    picture_options,
    result_options,
)
from converter_service.media.ffmpeg.runner import Tools
from converter_service.media.ffmpeg.stream_copy import muxer_options
from converter_service.media.options import Options
from converter_service.media.transcoder import AudioTrack

PROGRESS_PERIOD_S = 0.5
# The length check finds what is missing; this bound finds noise that a decoder made of damaged data.
MAX_DECODE_ERRORS = 0.5
COVER_STREAM: Mapping[str, str] = {
    "c:v": "copy",
    "disposition:v:0": "attached_pic",
    "metadata:s:v:0": "comment=Cover (front)",
}
METADATA_INPUT = ("-protocol_whitelist", "file", "-format_whitelist", "ffmetadata", "-f", "ffmetadata")
# The summary needs log level `info`, at which the filter would also print a line per frame.
METER: Mapping[str, str] = {"peak": "true", "framelog": "verbose"}


def convert(
    tools: Tools, job: TranscodeJob, options: PassOptions, *, has_cover: bool, at_most_s: float
) -> list[str]:
    """Writes one audio track to `job.target`, `at_most_s` seconds of it."""
    source = _audio(tools, job)
    sound = source if options.is_copy else apply_filters(source, job.track, job.options, options)
    streams = [sound, _cover_input(job.cover_path)] if has_cover else [sound]
    codec = {"acodec": "copy", **muxer_options(job)} if options.is_copy else _encoder(job.options, job.track)
    settings = {
        **job.form.settings,
        **codec,
        **(COVER_STREAM if has_cover else {}),
        **({"metadata:s:a:0": f"language={job.track.language}"} if job.track.language else {}),
        # No metadata is taken from the source: what is kept is in the metadata input.
        "map_metadata:s:a": -1,
        "map_metadata": len(streams),
        "map_chapters": len(streams) if job.form.chapters is Chapters.NATIVE else -1,
        "t": f"{at_most_s:.6f}",
        "threads": tools.threads,
    }
    written = ffmpeg.output(*streams, f"file:{job.target}", format=job.form.muxer, **settings)
    words = _ffmpeg(tools, written, MAX_DECODE_ERRORS)
    # ffmpeg-python leaves out inputs of which no stream is mapped, so the metadata input is inserted here.
    after = len(words) - words[::-1].index("-i") + 1
    return [*words[:after], *METADATA_INPUT, "-i", f"file:{job.metadata_path}", *words[after:]]


def measure(tools: Tools, job: TranscodeJob, options: PassOptions, *, at_most_s: float) -> list[str]:
    """Measures the loudness of what `convert` would write; standard error ends with a summary."""
    sound = apply_filters(_audio(tools, job), job.track, job.options, options).filter("ebur128", **METER)
    output = sound.output("-", format="null", t=f"{at_most_s:.6f}", threads=tools.threads)
    return _ffmpeg(tools, output, MAX_DECODE_ERRORS, "info")


def measure_result(tools: Tools, form: Format, result: Path) -> list[str]:
    """Measures the loudness of a result; standard error ends with a summary."""
    sound = ffmpeg.input(f"file:{result}", **result_options(form, tools.threads))["a:0"]
    output = sound.filter("ebur128", **METER).output("-", format="null", threads=tools.threads)
    return _ffmpeg(tools, output, 0.0, "info")


def decode(tools: Tools, form: Format, result: Path, first_s: float | None) -> list[str]:
    """Decodes a result, or its first seconds, and discards the audio."""
    limit = {} if first_s is None else {"t": first_s}
    sound = ffmpeg.input(f"file:{result}", **result_options(form, tools.threads), **limit)["a:0"]
    # Progress reports then count decoded samples, whatever the timestamps say.
    counted = sound.filter("asetpts", expr="N/SR/TB")
    return _ffmpeg(tools, counted.output("-", format="null", threads=tools.threads), 0.0)


def cover(tools: Tools, source: Path, place: CoverSource, target: Path) -> list[str]:
    """Writes one picture of the source as a JPEG of bounded size."""
    seek = {} if place.at_s is None else {"ss": f"{place.at_s:.6f}", "noaccurate_seek": None}
    stream = str(place.picture.stream)
    picture = ffmpeg.input(f"file:{source}", **picture_options(), **seek)[stream]
    factor = f"min(1,{MAX_SIDE}/max(iw*sar,ih))"
    scaled = picture.filter("scale", w=f"max(1,round(iw*sar*{factor}))", h=f"max(1,round(ih*{factor}))")
    settings = {"frames:v": 1, "c:v": "mjpeg", "q:v": QUALITY, "map_metadata": -1, "threads": 1}
    output = scaled.filter("format", "yuvj420p").output(f"file:{target}", format="mjpeg", **settings)
    return _ffmpeg(tools, output, 1.0)


def _audio(tools: Tools, job: TranscodeJob) -> ffmpeg.nodes.FilterableStream:
    return ffmpeg.input(f"file:{job.source}", **audio_options(tools.threads))[f"a:{job.track.index}"]


def _cover_input(cover: Path) -> ffmpeg.nodes.FilterableStream:
    """A frame of one millisecond, so that the result's duration is that of its audio."""
    options = {"protocol_whitelist": "file", "format_whitelist": "mjpeg", "codec_whitelist": "mjpeg"}
    return ffmpeg.input(f"file:{cover}", format="mjpeg", framerate=1000, **options)["v:0"]


def _encoder(options: Options, track: AudioTrack) -> dict[str, str | int]:
    form = options.target
    chosen: dict[str, str | int] = {"acodec": form.encoder, **form.encoder_settings}
    if (bitrate := options.effective_bitrate_bps) is not None:
        channels = options.channels or track.channels
        chosen["audio_bitrate"] = min(bitrate, form.highest_bitrate_bps(options.sample_rate, channels))
    elif options.quality is not None:
        chosen["q:a"] = options.quality
    return chosen


def _ffmpeg(
    tools: Tools, output: ffmpeg.nodes.OutputStream, most_errors: float, level: str = "error"
) -> list[str]:
    """Compiles the command line; global options stand before those of any file."""
    options = ["-hide_banner", "-nostdin", "-nostats", "-y", "-v", level]
    options += ["-max_alloc", str(MAX_ALLOC_BYTES), "-max_error_rate", str(most_errors)]
    options += ["-progress", "pipe:1", "-stats_period", str(PROGRESS_PERIOD_S)]
    compiled: list[str] = ffmpeg.compile(output, cmd=[tools.ffmpeg, *options])
    return compiled
