"""The command lines of ffprobe."""

from collections.abc import Mapping
from pathlib import Path

from converter_service.media.audio_format import Format
from converter_service.media.ffmpeg.input_options import result_options, source_options
from converter_service.media.ffmpeg.tools import Tools
from converter_service.media.media_info import AudioTrack

# The largest legitimate block is the index of a video of many hours (tens of MiB).
MAX_ALLOC_BYTES = 512 * 1024 * 1024
STREAM_FIELDS = (
    "index,id,codec_type,codec_name,sample_rate,channels,channel_layout,start_time,duration"
    ",sample_fmt,bits_per_sample,bits_per_raw_sample"
)
FORMAT_FIELDS = "format=format_name,duration,start_time,nb_streams"
DISPOSITIONS = (
    "stream_disposition=default,attached_pic,comment,visual_impaired,hearing_impaired,dub,descriptions"
    ",clean_effects"
)
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


def probe(tools: Tools, source: Path, *, with_tags: bool = True, is_deep: bool = False) -> list[str]:
    """Describes a source in JSON; `with_tags` includes tags and chapters, whose size is unbounded."""
    fields = FIELDS_WITH_TAGS if with_tags else FIELDS_WITHOUT_TAGS
    options = source_options(tools.threads, is_deep=is_deep)
    return _ffprobe(tools, "warning", options, fields, form="json", file=source)


def recognise(tools: Tools, source: Path) -> list[str]:
    """Prints to standard error as which format a file is recognised, also one that may not be opened."""
    return _ffprobe(
        tools, "debug", source_options(tools.threads), "format=format_name", form="json", file=source
    )


def packets(tools: Tools, source: Path, *, is_deep: bool = False) -> list[str]:
    """Lists the packets of all streams, one a line: kind and index of the stream, time, duration, size,
    flags, and the numbers of samples that are skipped at the beginning and at the end, if any.
    """
    fields = (
        "packet=codec_type,stream_index,pts_time,duration_time,size,flags"
        ":packet_side_data=skip_samples,discard_padding"
    )
    options = source_options(tools.threads, is_deep=is_deep)
    return _ffprobe(tools, "error", options, fields, form="csv=p=0", file=source)


def first_packet(tools: Tools, source: Path, track: AudioTrack, *, is_deep: bool) -> list[str]:
    """Prints the timestamp of the first packet of one track."""
    options = {
        **source_options(tools.threads, is_deep=is_deep),
        "select_streams": track.stream,
        "read_intervals": "%+#1",
    }
    return _ffprobe(tools, "error", options, "packet=pts_time", form="csv=p=0", file=source)


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
