"""Finds the encrypted tracks of Matroska files (RFC 9559, 5.1.4)."""

from collections.abc import Iterator
from itertools import islice
from typing import IO

from converter_service.media.ebml import Element, elements
from converter_service.media.scan_budget import ScanBudget

EBML = b"\x1a\x45\xdf\xa3"
SEGMENT, CLUSTER = 0x18538067, 0x1F43B675
TRACKS, TRACK, TRACK_TYPE = 0x1654AE6B, 0xAE, 0x83
# ContentEncodings, in it ContentEncoding, in it ContentEncryption.
ENCODINGS, ENCODING, ENCRYPTION = 0x6D80, 0x6240, 0x5035
MAX_ENCODINGS = 16
VIDEO, AUDIO = 1, 2
# The types of tracks that ffmpeg opens: those, subtitles and metadata.
OPENED = frozenset({VIDEO, AUDIO, 0x11, 0x21})


def locked_matroska_tracks(file: IO[bytes], budget: ScanBudget) -> tuple[frozenset[int], frozenset[int]]:
    """The places of encrypted tracks of sound, and of others, among the tracks that ffmpeg opens."""
    whole = Element(0, 0, file.seek(0, 2))
    opened = [
        (kind, track) for track in _tracks(file, whole, budget) if (kind := _kind(file, track)) in OPENED
    ]
    places = enumerate(budget.each(opened))
    locked = {place: kind for place, (kind, track) in places if _is_locked(file, track)}
    sound = frozenset(place for place, kind in locked.items() if kind == AUDIO)
    return sound, frozenset(locked) - sound


def _tracks(file: IO[bytes], whole: Element, budget: ScanBudget) -> Iterator[Element]:
    for segment in _children(file, whole, SEGMENT):
        for element in budget.each(elements(file, segment.at, segment.end)):
            if element.name == CLUSTER:
                return
            if element.name == TRACKS:
                yield from budget.each(_children(file, element, TRACK))


def _kind(file: IO[bytes], track: Element) -> int:
    for element in _children(file, track, TRACK_TYPE):
        file.seek(element.at)
        return int.from_bytes(file.read(min(8, element.end - element.at)))
    return 0


def _is_locked(file: IO[bytes], track: Element) -> bool:
    return any(
        True
        for encodings in islice(_children(file, track, ENCODINGS), MAX_ENCODINGS)
        for encoding in islice(_children(file, encodings, ENCODING), MAX_ENCODINGS)
        for _ in _children(file, encoding, ENCRYPTION)
    )


def _children(file: IO[bytes], parent: Element, name: int) -> Iterator[Element]:
    return (element for element in elements(file, parent.at, parent.end) if element.name == name)
