"""Recognises encrypted tracks by their container's headers, before any decoder makes noise of them."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, product
from pathlib import Path
from types import MappingProxyType
from typing import IO

import msgspec

from converter_service.media.boxes import MAX_BOXES, Box, boxes, find_box
from converter_service.media.matroska_locks import EBML, locked_matroska_tracks
from converter_service.media.scan_budget import ScanBudget
from converter_service.media.transport_stream import locked_streams

# Sample entries of encrypted tracks (ISO/IEC 23001-7; Apple; Audible).
LOCKED_SOUND = frozenset({b"enca", b"drms", b"aavd"})
LOCKED_PICTURES = frozenset({b"encv", b"drmi"})
# What protects the samples of an entry (ISO/IEC 14496-12, 8.12.1), also where that keeps its codec's name.
PROTECTION = b"sinf"
# stsd: version, flags and number of entries.
ENTRIES_AT = 8
# hdlr: version, flags and a reserved field stand before the kind of track.
KIND_AT, SOUND_KIND, PICTURE_KIND = 8, b"soun", b"vide"
# Of a sample entry, where its boxes begin: sound, with QuickTime's versions 1 and 2, and pictures.
BOXES_AT: Mapping[bytes, Sequence[int]] = MappingProxyType({SOUND_KIND: (28, 44, 64), PICTURE_KIND: (78,)})
TO_DESCRIPTIONS = (b"mdia", b"minf", b"stbl", b"stsd")
# More than tracks have: entries, boxes of an entry, and boxes of the entries of all tracks.
MAX_ENTRIES, MAX_ENTRY_BOXES, MAX_LOOKS = 16, 64, 20_000
ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
# The objects Content Encryption, Extended and Advanced Content Encryption (ASF 3.14 to 3.16).
ASF_LOCKS = frozenset(
    uuid.UUID(name).bytes_le
    for name in (
        "2211B3FB-BD23-11D2-B4B7-00A0C955FC6E",
        "298AE614-2622-4C17-B935-DAE07EE9289C",
        "43058533-6981-49E6-9B74-AD12CB86D58C",
    )
)
ASF_HEADER_BYTES, MAX_OBJECTS = 30, 1000
# Name and length of an object.
NAME_BYTES, LENGTH_BYTES = 16, 8
# Audible AA.
AUDIBLE = b"\x57\x90\x75\x36"


class Locks(msgspec.Struct, frozen=True, kw_only=True):
    """What of a file is encrypted: all of it, or streams by their places from 0 or by their identifiers.
    `has_sound`: sound is among it.
    """

    is_whole: bool = False
    places: frozenset[int] = frozenset()
    ids: frozenset[int] = frozenset()
    has_sound: bool = False

    def hold(self, place: int, identifier: int | None) -> bool:
        return self.is_whole or place in self.places or identifier in self.ids


NO_LOCKS = Locks()


def find_locks(path: Path) -> Locks:
    """Reads headers only, within a budget: a file may consist of them. The tracks beyond it count as free."""
    with path.open("rb") as file:
        budget, magic = ScanBudget(path.stat().st_size), file.read(16)
        if magic == ASF_HEADER:
            return _whole(is_locked=_is_asf_locked(file))
        if magic[4:8] == AUDIBLE:
            return _whole(is_locked=True)
        if magic[:4] == EBML:
            sound, pictures = locked_matroska_tracks(file, budget)
            return Locks(places=sound | pictures, has_sound=bool(sound))
        if streams := locked_streams(file):
            return Locks(
                ids=frozenset(stream.pid for stream in streams),
                has_sound=not all(stream.is_picture for stream in streams),
            )
        end = file.seek(0, 2)
        return _mp4_locks(file, end, budget)


def _whole(*, is_locked: bool) -> Locks:
    return Locks(is_whole=is_locked, has_sound=is_locked)


def _mp4_locks(file: IO[bytes], end: int, budget: ScanBudget) -> Locks:
    movies = (box for box in boxes(file, 0, end) if box.name == b"moov")
    inside = (box for movie in movies for box in boxes(file, movie.at, movie.end))
    tracks = (box for box in budget.each(inside) if box.name == b"trak")
    sound, pictures = set[int](), set[int]()
    looks = iter(range(MAX_LOOKS))
    for place, track in enumerate(tracks):
        entries, kind = _entries(file, track), _kind(file, track)
        names = frozenset(entry.name for entry in entries)
        is_protected = kind in BOXES_AT and _protects(file, entries, BOXES_AT[kind], looks)
        if names & LOCKED_SOUND or (kind == SOUND_KIND and is_protected):
            sound.add(place)
        elif names & LOCKED_PICTURES or is_protected:
            pictures.add(place)
    return Locks(places=frozenset(sound | pictures), has_sound=bool(sound))


def _entries(file: IO[bytes], track: Box) -> list[Box]:
    """All sample entries of a track."""
    found = [track]
    for name in TO_DESCRIPTIONS:
        parents = (box for parent in found for box in boxes(file, parent.at, parent.end))
        found = list(islice((box for box in parents if box.name == name), MAX_ENTRIES))
    listed = (boxes(file, box.at + ENTRIES_AT, box.end) for box in found)
    return list(islice(chain.from_iterable(listed), MAX_BOXES))


def _kind(file: IO[bytes], track: Box) -> bytes:
    header = find_box(file, (b"mdia", b"hdlr"), track.at, track.end)
    if header is None:
        return b""
    file.seek(header.at + KIND_AT)
    return file.read(len(SOUND_KIND))


def _protects(file: IO[bytes], entries: Iterable[Box], places: Iterable[int], looks: Iterator[int]) -> bool:
    """Whether one of the first entries has PROTECTION among its boxes, which begin at one of these places;
    `looks` ends when too many boxes were looked at.
    """
    return any(
        box.name == PROTECTION
        for entry, place in product(islice(entries, MAX_ENTRIES), places)
        for _, box in zip(
            looks, islice(boxes(file, entry.at + place, entry.end), MAX_ENTRY_BOXES), strict=False
        )
    )


def _is_asf_locked(file: IO[bytes]) -> bool:
    at = ASF_HEADER_BYTES
    for _ in range(MAX_OBJECTS):
        file.seek(at)
        name, length = file.read(NAME_BYTES), file.read(LENGTH_BYTES)
        if name in ASF_LOCKS:
            return True
        size = int.from_bytes(length, "little")
        if not NAME_BYTES + LENGTH_BYTES <= size < 1 << 40:
            return False
        at += size
    return False
