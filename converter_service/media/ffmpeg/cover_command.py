"""The command line of ffmpeg that extracts a cover."""

from pathlib import Path

import ffmpeg

from converter_service.media.ffmpeg.command_line import compile_command
from converter_service.media.ffmpeg.cover import MAX_SIDE, QUALITY, CoverSource
from converter_service.media.ffmpeg.input_options import picture_file_options, picture_options
from converter_service.media.ffmpeg.tools import Tools


def cover(
    tools: Tools, source: Path, place: CoverSource, target: Path, *, is_deep: bool = False
) -> list[str]:
    """Writes one picture of the source as a JPEG of bounded size."""
    picture = _input(source, place, is_deep=is_deep)
    factor = f"min(1,{MAX_SIDE}/max(iw*sar,ih))"
    scaled = picture.filter("scale", w=f"max(1,round(iw*sar*{factor}))", h=f"max(1,round(ih*{factor}))")
    settings = {"frames:v": 1, "c:v": "mjpeg", "q:v": QUALITY, "map_metadata": -1, "threads": 1}
    output = scaled.filter("format", "yuvj420p").output(f"file:{target}", format="mjpeg", **settings)
    return compile_command(tools, output, 1.0)


def _input(source: Path, place: CoverSource, *, is_deep: bool) -> ffmpeg.nodes.FilterableStream:
    stream = str(place.picture.stream)
    if place.file is not None:
        options = picture_file_options(place.demuxer)
        return ffmpeg.input(f"file:{place.file}", format=place.demuxer, **options)[stream]
    seek = {} if place.at_s is None else {"ss": f"{place.at_s:.6f}", "noaccurate_seek": None}
    return ffmpeg.input(f"file:{source}", **picture_options(is_deep=is_deep), **seek)[stream]
