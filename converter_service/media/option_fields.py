"""Parsers of the option fields: each turns text into a value, or raises ValueError with the problem."""

import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from converter_service.media.formats import FORMATS

LOWEST_BITRATE_BPS = 64_000
HIGHEST_BITRATE_BPS = 320_000
MAX_TAG_LENGTH = 500
MAX_SECONDS = 1_000_000.0
MAX_TRACKS = 200
# In LUFS: EBU R128's absolute gate, and a level that only noise reaches.
QUIETEST, LOUDEST = -70.0, -5.0
COVERS = ("auto", "none")

_BITRATE = re.compile(r"[1-9][0-9]{1,2}k", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,6}", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,7}(\.[0-9]{1,6})?", re.ASCII)
_LOUDNESS = re.compile(r"-[0-9]{1,2}(\.[0-9]{1,6})?", re.ASCII)

Reader = Callable[[str], object]
"""Parses a field's text. Raises ValueError with a message that continues a sentence after the field's name.
"""


def read_field(name: str, text: str) -> object:
    """Parses one field. Raises ValueError for an unknown name, too."""
    if name not in READERS:
        raise ValueError(f"is not known; the options are {', '.join(sorted(READERS))}")
    return READERS[name](text)


def format_bitrate(bitrate_bps: int) -> str:
    """Returns `128k` for 128,000 bits per second."""
    return f"{bitrate_bps // 1000}k"


def _one_of(*offered: str) -> Reader:
    def read(text: str) -> str:
        if text not in offered:
            raise ValueError(f"must be one of {', '.join(offered)}")
        return text

    return read


def _bitrate(text: str) -> int:
    bitrate_bps = int(text[:-1]) * 1000 if _BITRATE.fullmatch(text) else 0
    if not LOWEST_BITRATE_BPS <= bitrate_bps <= HIGHEST_BITRATE_BPS:
        raise ValueError("must be from 64k to 320k, in a form like 128k")
    return bitrate_bps


def _whole(lowest: int, highest: int) -> Reader:
    def read(text: str) -> int:
        if not _WHOLE.fullmatch(text) or not lowest <= int(text) <= highest:
            raise ValueError(f"must be a whole number from {lowest} to {highest}")
        return int(text)

    return read


def _seconds(text: str) -> float:
    if not _DECIMAL.fullmatch(text) or not math.isfinite(float(text)) or float(text) > MAX_SECONDS:
        raise ValueError("must be a number of seconds, such as 12.5")
    return float(text)


def _loudness(text: str) -> float:
    if not _LOUDNESS.fullmatch(text) or not QUIETEST <= float(text) <= LOUDEST:
        raise ValueError(f"must be a number of LUFS from {QUIETEST:.0f} to {LOUDEST:.0f}, such as -16")
    return float(text)


def _tag(text: str) -> str:
    if len(text) > MAX_TAG_LENGTH or not text.isprintable():
        raise ValueError(f"must be at most {MAX_TAG_LENGTH} printable characters")
    return text


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "format": _one_of(*FORMATS),
        "bitrate": _bitrate,
        "quality": _whole(0, 9),
        "sample_rate": _whole(8_000, 96_000),
        "channels": _whole(1, 2),
        "start": _seconds,
        "end": _seconds,
        "audio_track": _whole(0, MAX_TRACKS - 1),
        "loudness": _loudness,
        "cover": _one_of(*COVERS),
        "title": _tag,
        "artist": _tag,
        "album": _tag,
    }
)
