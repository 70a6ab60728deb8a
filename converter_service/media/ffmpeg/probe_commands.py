"""The command lines of ffprobe, and the input options that ffmpeg shares: protocol, demuxer and decoder
allowlists, and bounds on probing.
"""

from collections.abc import Mapping
from pathlib import Path

from converter_service.media.audio_format import Format
from converter_service.media.containers import CONTAINERS, DECODERS, PICTURE_DECODERS
from converter_service.media.ffmpeg.runner import Tools

# The largest legitimate block is the index of a video of many hours (tens of MiB).
MAX_ALLOC_BYTES = 512 * 1024 * 1024
# ffmpeg's own defaults, set explicitly: a build with other defaults cannot raise them.
PROBE_BYTES = 5_000_000
PROBE_US = 5_000_000
MAX_STREAMS = 200
# Of the source's picture: enough for frames of 8K videos and for photographs.
MAX_PIXELS = 50_000_000
STREAM_FIELDS = "index,codec_type,codec_name,codec_tag_string,sample_rate,channels,start_time,duration"
FORMAT_FIELDS = "format=format_name,duration,start_time,nb_streams"
DISPOSITIONS = "stream_disposition=default,attached_pic"
FIELDS_WITH_TAGS = (
    f"{FORMAT_FIELDS}:format_tags:stream={STREAM_FIELDS}:{DISPOSITIONS}:stream_tags"
    ":chapter=start_time,end_time:chapter_tags=title"
)
FIELDS_WITHOUT_TAGS = (
    f"{FORMAT_FIELDS}:format_tags=major_brand:stream={STREAM_FIELDS}:{DISPOSITIONS}"
    ":stream_tags=language,DURATION"
)
RESULT_FIELDS = (
    "format=format_name,duration:stream=codec_type,codec_name,sample_rate,duration,bit_rate,nb_read_packets"
)

InputOptions = dict[str, str | int]


def source_options(threads: int) -> InputOptions:
    """For any untrusted source: no other file, no network, only known demuxers, bounded probing.

    References to other files are off by default in ffmpeg's mov demuxer (`enable_drefs`) and not implemented
    in its matroska demuxer (linked segments); the allowlist excludes the formats that consist of them.
    """
    return {
        "protocol_whitelist": "file",
        "format_whitelist": ",".join(CONTAINERS),
        "probesize": PROBE_BYTES,
        "analyzeduration": PROBE_US,
        "max_streams": MAX_STREAMS,
        "threads": threads,
    }


def audio_options(threads: int) -> InputOptions:
    """For decoding audio of a source: known audio decoders only. Not for ffprobe, which opens a decoder for
    every track.
    """
    return {**source_options(threads), "codec_whitelist": _joined(DECODERS)}


def picture_options() -> InputOptions:
    """For decoding a picture of a source: known picture decoders only, and at most MAX_PIXELS."""
    return {
        **source_options(1),
        "codec_whitelist": _joined(PICTURE_DECODERS),
        "max_pixels": MAX_PIXELS,
    }


def result_options(form: Format, threads: int) -> InputOptions:
    """For reading a result: it must be recognised as the format that it was written in."""
    return {"protocol_whitelist": "file", "format_whitelist": form.demuxer, "threads": threads}


def _joined(decoders: Mapping[str, tuple[str, ...]]) -> str:
    return ",".join(name for names in decoders.values() for name in names)


def probe(tools: Tools, source: Path, *, with_tags: bool = True) -> list[str]:
    """Describes a source in JSON; `with_tags` includes tags and chapters, whose size is unbounded."""
    fields = FIELDS_WITH_TAGS if with_tags else FIELDS_WITHOUT_TAGS
    return _ffprobe(tools, "warning", source_options(tools.threads), fields, form="json", file=source)


def packets(tools: Tools, source: Path) -> list[str]:
    """Lists the packets of all streams, one a line: `stream_index,pts_time,duration_time,flags`."""
    fields = "packet=stream_index,pts_time,duration_time,flags"
    return _ffprobe(tools, "error", source_options(tools.threads), fields, form="csv=p=0", file=source)


def count(tools: Tools, form: Format, result: Path) -> list[str]:
    """Counts the frames of a whole result by their headers, without decoding them."""
    options = {**result_options(form, tools.threads), "count_packets": None}
    return _ffprobe(tools, "error", options, RESULT_FIELDS, form="json", file=result)


def _ffprobe(
    tools: Tools, level: str, options: Mapping[str, str | int | None], fields: str, *, form: str, file: Path
) -> list[str]:
    words = [tools.ffprobe, "-hide_banner", "-v", level, "-max_alloc", str(MAX_ALLOC_BYTES)]
    for name, value in options.items():
        words += [f"-{name}"] if value is None else [f"-{name}", str(value)]
    return [*words, "-show_entries", fields, "-of", form, "-i", f"file:{file}"]
