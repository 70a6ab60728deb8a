"""Track names of MP4 and MOV files that ffprobe does not print: `udta`/`name` of each track (QuickTime).

HandBrake, ffmpeg and others write them, beside or in place of the handler's name.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO

from converter_service.media.boxes import Box, boxes
from converter_service.media.scan_budget import ScanBudget

MAX_NAME_BYTES = 1024
MAX_USER_DATA = 16


def mp4_track_names(path: Path) -> Mapping[int, str]:
    """Returns the names by the tracks' places in the file; tracks without a name are left out."""
    with path.open("rb") as file:
        end = file.seek(0, 2)
        movie = next(_named(file, Box(b"", 0, end), b"moov"), None)
        if movie is None:
            return {}
        budget = ScanBudget(end)
        tracks = [_name(file, track) for track in budget.each(_named(file, movie, b"trak"))]
    return {place: name for place, name in enumerate(tracks) if name}


def _name(file: IO[bytes], track: Box) -> str:
    for user_data in islice(_named(file, track, b"udta"), MAX_USER_DATA):
        for box in _named(file, user_data, b"name"):
            file.seek(box.at)
            text = file.read(min(box.end - box.at, MAX_NAME_BYTES)).rstrip(b"\0")
            return text.decode("utf-8", "replace").strip()
    return ""


def _named(file: IO[bytes], parent: Box, name: bytes) -> Iterator[Box]:
    return (box for box in boxes(file, parent.at, parent.end) if box.name == name)
