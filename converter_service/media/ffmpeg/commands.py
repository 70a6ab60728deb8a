"""Every command line that reads a stranger's file, as a list of words that no shell sees."""

from collections.abc import Mapping
from pathlib import Path

import ffmpeg
import msgspec

from converter_service.media.containers import CONTAINERS, DECODERS, PICTURE_DECODERS
from converter_service.media.ffmpeg.cover import MAX_PIXELS, MAX_SIDE, QUALITY, View
from converter_service.media.ffmpeg.filters import Recipe, heard
from converter_service.media.ffmpeg.job import Job
from converter_service.media.ffmpeg.stream_copy import settings as copying
from converter_service.media.formats import Chapters, Format
from converter_service.media.options import Options
from converter_service.media.transcoder import AudioTrack

# How far into a file one looks to find out what is in it: ffmpeg's own defaults, which hostile files and
# builds with other defaults cannot raise.
PROBE_BYTES = 5_000_000
PROBE_US = 5_000_000
MAX_STREAMS = 200
# The largest honest block is the index of a video of many hours (tens of MiB).
MAX_ALLOC_BYTES = 512 * 1024 * 1024
PROGRESS_PERIOD_S = 0.5
# A later length check catches what is missing; this catches noise that a decoder turned into sound.
MAX_DECODE_ERRORS = 0.5
PICTURE_SETTINGS: Mapping[str, str] = {
    "c:v": "copy",
    "disposition:v:0": "attached_pic",
    "metadata:s:v:0": "comment=Cover (front)",
}
OWN_TEXT = ("-protocol_whitelist", "file", "-format_whitelist", "ffmetadata", "-f", "ffmetadata")
# Per frame it would say a line at the level that the summary needs.
METER: Mapping[str, str] = {"peak": "true", "framelog": "verbose"}
STREAM_FIELDS = "index,codec_type,codec_name,codec_tag_string,sample_rate,channels,start_time,duration"
FORMAT_FIELDS = "format=format_name,duration,start_time,nb_streams"
DISPOSITIONS = "stream_disposition=default,attached_pic"
WITH_WORDS = (
    f"{FORMAT_FIELDS}:format_tags:stream={STREAM_FIELDS}:{DISPOSITIONS}:stream_tags"
    ":chapter=start_time,end_time:chapter_tags=title"
)
WITHOUT_WORDS = (
    f"{FORMAT_FIELDS}:format_tags=major_brand:stream={STREAM_FIELDS}:{DISPOSITIONS}"
    ":stream_tags=language,DURATION"
)
RESULT_FIELDS = (
    "format=format_name,duration:stream=codec_type,codec_name,sample_rate,duration,bit_rate,nb_read_packets"
)


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """Absolute paths of the programs, and how many threads each may use."""

    ffmpeg: str
    ffprobe: str
    threads: int


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What goes into a result beside the sound: a text of tags and chapters, and a JPEG."""

    words: Path
    cover: Path | None = None


def reading(threads: int) -> dict[str, str | int]:
    """The options in front of every source: no other file, no network, only known parsers, bounded probing.

    Reading another file from inside one is off by default in ffmpeg's mov demuxer (`enable_drefs`) and is not
    built into its matroska one (linked segments); the format list keeps out all that exist for it.
    """
    return {
        "protocol_whitelist": "file",
        "format_whitelist": ",".join(CONTAINERS),
        "probesize": PROBE_BYTES,
        "analyzeduration": PROBE_US,
        "max_streams": MAX_STREAMS,
        "threads": threads,
    }


def decoding(threads: int) -> dict[str, str | int]:
    """The same, and only known audio decoders. ffprobe cannot live with that: it opens one for every
    track.
    """
    return {**reading(threads), "codec_whitelist": ",".join(n for names in DECODERS.values() for n in names)}


def seeing() -> dict[str, str | int]:
    """The same with known decoders of pictures, and none for pictures that are larger than any honest one."""
    known = ",".join(n for names in PICTURE_DECODERS.values() for n in names)
    return {**reading(1), "codec_whitelist": known, "max_pixels": MAX_PIXELS}


def checking(form: Format, threads: int) -> dict[str, str | int]:
    """The same for a file of our own, which must be recognised as what it was meant to be."""
    return {"protocol_whitelist": "file", "format_whitelist": form.demuxer, "threads": threads}


def probe(tools: Tools, source: Path, *, with_words: bool = True) -> list[str]:
    """`with_words`: also tags and chapters, of which a file may have more than anybody wants to read."""
    fields = WITH_WORDS if with_words else WITHOUT_WORDS
    return _ffprobe(tools, "warning", reading(tools.threads), fields, form="json", file=source)


def packets(tools: Tools, source: Path) -> list[str]:
    """One line a packet, for every stream: `stream_index,pts_time,duration_time,flags`."""
    fields = "packet=stream_index,pts_time,duration_time,flags"
    return _ffprobe(tools, "error", reading(tools.threads), fields, form="csv=p=0", file=source)


def count(tools: Tools, form: Format, result: Path) -> list[str]:
    """Walks the whole result, frame header by frame header, without decoding it."""
    options = {**checking(form, tools.threads), "count_packets": None}
    return _ffprobe(tools, "error", options, RESULT_FIELDS, form="json", file=result)


def decode(tools: Tools, form: Format, result: Path, first_s: float | None) -> list[str]:
    """Decodes the result, or its first seconds, to nowhere."""
    limit = {} if first_s is None else {"t": first_s}
    played = ffmpeg.input(f"file:{result}", **checking(form, tools.threads), **limit)["a:0"]
    # What is reported is what there is to hear, whatever the timestamps say.
    counted = played.filter("asetpts", expr="N/SR/TB")
    nowhere = counted.output("-", format="null", threads=tools.threads)
    return _ffmpeg(tools, nowhere, 0.0)


def convert(tools: Tools, job: Job, recipe: Recipe, beside: Beside, *, at_most_s: float) -> list[str]:
    """One audio track into `job.target`, stopping after `at_most_s` seconds of result."""
    source = ffmpeg.input(f"file:{job.source}", **decoding(tools.threads))[f"a:{job.track.index}"]
    sound = source if recipe.is_copy else heard(source, job.track, job.options, recipe)
    streams = [sound] if beside.cover is None else [sound, _cover_in(beside.cover)]
    settings = {
        **job.form.settings,
        **({"acodec": "copy", **copying(job)} if recipe.is_copy else _encoding(job.options, job.track)),
        **(PICTURE_SETTINGS if beside.cover else {}),
        **({"metadata:s:a:0": f"language={job.track.language}"} if job.track.language else {}),
        # None of the file's own words: those that are kept are in the file beside it.
        "map_metadata:s:a": -1,
        "map_metadata": len(streams),
        "map_chapters": len(streams) if job.form.chapters is Chapters.NATIVE else -1,
        "t": f"{at_most_s:.6f}",
        "threads": tools.threads,
    }
    written = ffmpeg.output(*streams, f"file:{job.target}", format=job.form.muxer, **settings)
    words = _ffmpeg(tools, written, MAX_DECODE_ERRORS)
    # ffmpeg-python leaves out inputs of which no stream is taken.
    after = len(words) - words[::-1].index("-i") + 1
    return [*words[:after], *OWN_TEXT, "-i", f"file:{beside.words}", *words[after:]]


def measure(tools: Tools, job: Job, recipe: Recipe, *, at_most_s: float) -> list[str]:
    """The loudness of what `convert` would write, in a summary at the end of standard error."""
    source = ffmpeg.input(f"file:{job.source}", **decoding(tools.threads))[f"a:{job.track.index}"]
    sound = heard(source, job.track, job.options, recipe).filter("ebur128", **METER)
    nowhere = sound.output("-", format="null", t=f"{at_most_s:.6f}", threads=tools.threads)
    return _ffmpeg(tools, nowhere, MAX_DECODE_ERRORS, "info")


def measure_result(tools: Tools, form: Format, result: Path) -> list[str]:
    """The same of a file of our own."""
    played = ffmpeg.input(f"file:{result}", **checking(form, tools.threads))["a:0"]
    nowhere = played.filter("ebur128", **METER).output("-", format="null", threads=tools.threads)
    return _ffmpeg(tools, nowhere, 0.0, "info")


def cover(tools: Tools, source: Path, view: View, target: Path) -> list[str]:
    """One picture of the source as a JPEG that is small in every respect."""
    place = {} if view.at_s is None else {"ss": f"{view.at_s:.6f}", "noaccurate_seek": None}
    seen = ffmpeg.input(f"file:{source}", **seeing(), **place)[str(view.picture.stream)]
    fitting = f"min(1,{MAX_SIDE}/max(iw*sar,ih))"
    small = seen.filter("scale", w=f"max(1,round(iw*sar*{fitting}))", h=f"max(1,round(ih*{fitting}))").filter(
        "format", "yuvj420p"
    )
    settings = {"frames:v": 1, "c:v": "mjpeg", "q:v": QUALITY, "map_metadata": -1, "threads": 1}
    return _ffmpeg(tools, small.output(f"file:{target}", format="mjpeg", **settings), 1.0)


def _cover_in(cover: Path) -> ffmpeg.nodes.FilterableStream:
    """Of next to no duration: the result's is that of its sound."""
    reading_it = {"protocol_whitelist": "file", "format_whitelist": "mjpeg", "codec_whitelist": "mjpeg"}
    return ffmpeg.input(f"file:{cover}", format="mjpeg", framerate=1000, **reading_it)["v:0"]


def _encoding(options: Options, track: AudioTrack) -> dict[str, str | int]:
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
    """The program's own options come first, in front of any file's."""
    general = (
        "-hide_banner",
        "-nostdin",
        "-nostats",
        "-y",
        "-v",
        level,
        "-max_alloc",
        str(MAX_ALLOC_BYTES),
    )
    progress = ("-progress", "pipe:1", "-stats_period", str(PROGRESS_PERIOD_S))
    errors = ("-max_error_rate", str(most_errors))
    compiled: list[str] = ffmpeg.compile(output, cmd=[tools.ffmpeg, *general, *progress, *errors])
    return compiled


def _ffprobe(
    tools: Tools, level: str, options: Mapping[str, str | int | None], fields: str, *, form: str, file: Path
) -> list[str]:
    words = [tools.ffprobe, "-hide_banner", "-v", level, "-max_alloc", str(MAX_ALLOC_BYTES)]
    for name, value in options.items():
        words += [f"-{name}"] if value is None else [f"-{name}", str(value)]
    return [*words, "-show_entries", fields, "-of", form, "-i", f"file:{file}"]
