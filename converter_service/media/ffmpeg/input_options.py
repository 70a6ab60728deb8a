"""ffmpeg's options for input files: protocol, demuxer and decoder allowlists, and bounds on probing."""

from collections.abc import Mapping

from converter_service.media.audio_format import Format
from converter_service.media.containers import CONTAINERS
from converter_service.media.decoders import DECODERS, PICTURE_DECODERS

# ffmpeg's own defaults, set explicitly: a build with other defaults cannot raise them.
PROBE_BYTES = 5_000_000
PROBE_US = 5_000_000
# For a source whose tracks begin behind that: as much as a second probe may hold in memory.
DEEP_PROBE_BYTES = 256_000_000
DEEP_PROBE_US = 600_000_000
MAX_STREAMS = 200
# Of the source's picture: enough for frames of 8K videos and for photographs.
MAX_PIXELS = 50_000_000
InputOptions = dict[str, str | int]


def source_options(threads: int, *, is_deep: bool = False) -> InputOptions:
    """For any untrusted source: no other file, no network, only known demuxers, bounded probing.

    `is_deep` must be the same in every program that reads one source: tracks are numbered as they are found.
    References to other files are off by default in ffmpeg's mov demuxer (`enable_drefs`) and not implemented
    in its matroska demuxer (linked segments); the allowlist excludes the formats that consist of them.
    """
    return {
        "protocol_whitelist": "file",
        "format_whitelist": ",".join(CONTAINERS),
        "probesize": DEEP_PROBE_BYTES if is_deep else PROBE_BYTES,
        "analyzeduration": DEEP_PROBE_US if is_deep else PROBE_US,
        "max_streams": MAX_STREAMS,
        "threads": threads,
    }


def audio_options(threads: int, *, is_deep: bool = False) -> InputOptions:
    """For decoding audio of a source: known audio decoders only. Not for ffprobe, which opens a decoder for
    every track.
    """
    return {**source_options(threads, is_deep=is_deep), "codec_whitelist": _joined(DECODERS)}


def picture_options(*, is_deep: bool = False) -> InputOptions:
    """For decoding a picture of a source: known picture decoders only, and at most MAX_PIXELS."""
    return {
        **source_options(1, is_deep=is_deep),
        "codec_whitelist": _joined(PICTURE_DECODERS),
        "max_pixels": MAX_PIXELS,
    }


def picture_file_options(demuxer: str) -> InputOptions:
    """For decoding a picture that was copied from a source."""
    return {**picture_options(), "format_whitelist": demuxer}


def result_options(form: Format, threads: int) -> InputOptions:
    """For reading a result: it must be recognised as the format that it was written in."""
    return {"protocol_whitelist": "file", "format_whitelist": form.demuxer, "threads": threads}


def _joined(decoders: Mapping[str, tuple[str, ...]]) -> str:
    return ",".join(name for names in decoders.values() for name in names)
