"""Every command line that reads a stranger's file, as a list of words that no shell sees."""

from collections.abc import Mapping
from pathlib import Path

import ffmpeg
import msgspec

from converter_service.formats import Format
from converter_service.options import Options
from converter_service.sources import CONTAINERS, DECODERS
from converter_service.transcoding import AudioTrack

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
# What a container says of itself is no tag of the audio.
CONTAINER_TAGS = ("major_brand", "minor_version", "compatible_brands", "encoder", "creation_time", "DURATION")
STREAM_FIELDS = "index,codec_type,codec_name,codec_tag_string,sample_rate,channels,start_time,duration"
PROBE_FIELDS = (
    "format=format_name,duration,start_time,nb_streams:format_tags=major_brand"
    f":stream={STREAM_FIELDS}:stream_disposition=default,attached_pic:stream_tags=language,DURATION"
)
RESULT_FIELDS = (
    "format=format_name,duration:stream=codec_type,codec_name,sample_rate,duration,bit_rate,nb_read_packets"
)


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """Absolute paths of the programs, and how many threads each may use."""

    ffmpeg: str
    ffprobe: str
    threads: int


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


def checking(form: Format, threads: int) -> dict[str, str | int]:
    """The same for a file of our own, which must be recognised as what it was meant to be."""
    return {"protocol_whitelist": "file", "format_whitelist": form.demuxer, "threads": threads}


def probe(tools: Tools, source: Path) -> list[str]:
    return _ffprobe(tools, "warning", reading(tools.threads), PROBE_FIELDS, form="json", file=source)


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
    played = ffmpeg.input(f"file:{result}", **checking(form, tools.threads), **limit)
    nowhere = played["a:0"].output("-", format="null", threads=tools.threads)
    return _ffmpeg(tools, nowhere, 0.0)


def convert(
    tools: Tools,
    source: Path,
    track: AudioTrack,
    options: Options,
    target: Path,
    *,
    at_most_s: float,
    fill_gaps: bool,
) -> list[str]:
    """One audio track into `target`, stopping after `at_most_s` seconds of result.

    Cutting happens behind the decoder, which is exact in every container; seeking is not.
    `fill_gaps` puts silence where timestamps leap, so that what follows stays in its place.
    """
    heard = ffmpeg.input(f"file:{source}", **decoding(tools.threads))[f"a:{track.index}"]
    if fill_gaps:
        heard = heard.filter("aresample", **{"async": 1})
    settings = {
        **options.target.settings,
        **_encoding(options, track),
        **_cut(options, at_most_s),
        "threads": tools.threads,
    }
    written = heard.output(f"file:{target}", format=options.target.muxer, **settings)
    *words, name = _ffmpeg(tools, written, MAX_DECODE_ERRORS)
    # ffmpeg-python can say an option only once.
    return [*words, *_tags(options), name]


def _encoding(options: Options, track: AudioTrack) -> dict[str, str | int]:
    form = options.target
    chosen: dict[str, str | int] = {"acodec": form.encoder}
    if (bitrate := options.effective_bitrate_bps) is not None:
        channels = options.channels or track.channels
        chosen["audio_bitrate"] = min(bitrate, form.highest_bitrate_bps(options.sample_rate, channels))
    elif options.quality is not None:
        chosen["q:a"] = options.quality
    if options.channels is not None or track.channels > form.max_channels:
        chosen["ac"] = options.channels or form.max_channels
    rate = options.sample_rate or form.sample_rate_for(track.sample_rate, bitrate)
    # Only when it must change: the header may be wrong, the decoder knows.
    if rate != track.sample_rate:
        chosen["ar"] = rate
    return chosen


def _cut(options: Options, at_most_s: float) -> dict[str, str]:
    start = options.start or 0.0
    wanted = at_most_s if options.end is None else min(at_most_s, options.end - start)
    cut = {"t": f"{wanted:.6f}"}
    return {"ss": f"{start:.6f}", **cut} if start else cut


def _tags(options: Options) -> list[str]:
    """Each text is the end of a word that begins with its name, so it can be no option."""
    wanted = {**dict.fromkeys(CONTAINER_TAGS, ""), **options.tags}
    return [word for name, text in wanted.items() for word in ("-metadata", f"{name}={text}")]


def _ffmpeg(tools: Tools, output: ffmpeg.nodes.OutputStream, most_errors: float) -> list[str]:
    """The program's own options come first, in front of any file's."""
    general = (
        "-hide_banner",
        "-nostdin",
        "-nostats",
        "-y",
        "-v",
        "error",
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
