"""The installed ffmpeg and ffprobe programs."""

import shutil
from pathlib import Path

import msgspec

from converter_service.media.errors import TranscoderUnavailable


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """Absolute paths of the programs, and how many threads each may use."""

    ffmpeg: str
    ffprobe: str
    threads: int


def find_tools(threads: int, ffmpeg: str = "ffmpeg", ffprobe: str = "ffprobe") -> Tools:
    """Looks the programs up on PATH. Raises TranscoderUnavailable with the names of missing ones."""
    found = {name: shutil.which(name) for name in (ffmpeg, ffprobe)}
    if missing := [name for name, path in found.items() if path is None]:
        raise TranscoderUnavailable(f"not installed: {', '.join(missing)}")
    absolute = {name: str(Path(str(path)).absolute()) for name, path in found.items()}
    return Tools(ffmpeg=absolute[ffmpeg], ffprobe=absolute[ffprobe], threads=threads)
