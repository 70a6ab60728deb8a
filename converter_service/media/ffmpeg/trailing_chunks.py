"""Chunks behind sound of unknown length, such as tags: where they begin, found from the end of the file."""

import itertools
from collections.abc import Iterator
from typing import IO

from converter_service.media.ffmpeg.chunks import MAX_CHUNKS, Layout

# What programs write behind the sound, in WAV and AIFF; W64 has the same names in lower case.
_WAVE = b"LIST|id3 |ID3 |bext|cue |smpl|inst|iXML|axml|_PMX|fact|PEAK|acid|JUNK|PAD |afsp|umid|chna|cart|plst"
_AIFF = b"NAME|AUTH|(c) |ANNO|COMT|MARK|INST|MIDI|AESD|APPL"
NAMES = frozenset(b"|".join((_WAVE, _WAVE.lower(), _AIFF)).split(b"|"))
# Enough for tags with pictures.
MAX_BYTES = 16 * 1024 * 1024


def sound_end(file: IO[bytes], layout: Layout, begin: int, end: int) -> int:
    """Where the sound that begins at `begin` ends: at the first of the chunks that fill the rest of the file
    exactly, or at its end.
    """
    first = max(begin, end - MAX_BYTES)
    file.seek(first)
    rest = file.read(end - first)
    named = (place for name in NAMES for place in _places(rest, name))
    places = sorted(itertools.islice(named, MAX_CHUNKS))
    return first + next((place for place in places if _fill_it(rest, place, layout)), len(rest))


def _places(rest: bytes, name: bytes) -> Iterator[int]:
    place = rest.find(name)
    while place >= 0:
        yield place
        place = rest.find(name, place + 1)


def _fill_it(rest: bytes, place: int, layout: Layout) -> bool:
    """Whether chunks from this place on end where the file ends, but for a byte of padding."""
    head = layout.name + layout.size.size
    while place + head <= len(rest):
        if rest[place : place + 4] not in NAMES:
            return False
        (size,) = layout.size.unpack_from(rest, place + layout.name)
        content = size - layout.counted
        if content < 0:
            return False
        place += head + content
        if place == len(rest):
            return True
        place += -content % layout.aligned
    return place == len(rest)
