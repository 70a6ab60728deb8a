"""Names of tags: one for each meaning, and what each format of results calls them.

ffmpeg translates common names between ID3v2, MP4 and Vorbis comments; these are the others.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

# Names, in lower case, that mean the same: those of ID3v2, Vorbis comments, APEv2 and ffmpeg's own.
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "albumartist": "album_artist",
        "album artist": "album_artist",
        "tracknumber": "track",
        "discnumber": "disc",
        "totaltracks": "tracktotal",
        "totaldiscs": "disctotal",
        "contentgroup": "grouping",
        "unsyncedlyrics": "lyrics",
        "unsynced lyrics": "lyrics",
        "bpm": "bpm",
        "tbpm": "bpm",
        "tmpo": "bpm",
        "isrc": "isrc",
        "tsrc": "isrc",
        "text": "lyricist",
        "title-sort": "sort_name",
        "titlesort": "sort_name",
        "artist-sort": "sort_artist",
        "artistsort": "sort_artist",
        "album-sort": "sort_album",
        "albumsort": "sort_album",
        "tso2": "sort_album_artist",
        "albumartistsort": "sort_album_artist",
        "tsoc": "sort_composer",
        "composersort": "sort_composer",
    }
)
# The language of lyrics in ID3v2, which other formats do not have.
LYRICS = re.compile(r"lyrics-[a-z]{3}", re.ASCII | re.IGNORECASE)
TOTALS: Mapping[str, str] = MappingProxyType({"tracktotal": "track", "disctotal": "disc"})
NUMBER_OF = re.compile(r"(\d{1,5})\s*/\s*(\d{1,5})", re.ASCII)
_VORBIS: Mapping[str, str] = MappingProxyType(
    {
        "sort_name": "TITLESORT",
        "sort_artist": "ARTISTSORT",
        "sort_album": "ALBUMSORT",
        "sort_album_artist": "ALBUMARTISTSORT",
        "sort_composer": "COMPOSERSORT",
        "bpm": "BPM",
        "isrc": "ISRC",
    }
)
# What ffmpeg writes as the field that players read, by format of the result; other names stay as they are.
WRITTEN_AS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "mp3": MappingProxyType({"bpm": "TBPM", "isrc": "TSRC", "lyricist": "TEXT"}),
        "m4a": MappingProxyType({"bpm": "tmpo"}),
        "flac": _VORBIS,
        "opus": _VORBIS,
    }
)
_SORTED = frozenset(name for name in _VORBIS if name.startswith("sort_"))
# What ffmpeg does not write in a form that players read.
_STRUCTURED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "mp3": _SORTED | {"comment", "lyrics", "compilation", "grouping"},
        "flac": frozenset({"comment"}),
        "opus": frozenset({"comment"}),
    }
)
# All that ffmpeg writes into MP4: it leaves out other names.
_MP4_NAMES = (
    "title artist album album_artist composer date genre comment copyright grouping lyrics description "
    "synopsis show episode_id network keywords compilation track disc bpm"
)
_MP4 = frozenset(_MP4_NAMES.split())


def meaning(name: str) -> str:
    """The one name for what a tag means; names that only one format has stay as they are."""
    lowered = name.lower()
    return "lyrics" if LYRICS.fullmatch(lowered) else ALIASES.get(lowered, name)


def needs_writer(form: str, name: str) -> bool:
    """Whether ffmpeg cannot write a tag of one value so that players of the format read it."""
    if form == "m4a":
        return name.lower() not in _MP4
    return name in _STRUCTURED.get(form, ())


def join_totals(tags: Mapping[str, str]) -> dict[str, str]:
    """Turns track 3 and tracktotal 12 into track 3/12, and discs likewise."""
    names = {name.lower(): name for name in tags}
    joined = dict(tags)
    for total, number in TOTALS.items():
        if total not in names or number not in names:
            continue
        count, at = tags[names[total]], tags[names[number]]
        del joined[names[total]]
        if "/" not in at and count.isdigit():
            joined[names[number]] = f"{at}/{count}"
    return joined


def named_for(form: str, tags: Mapping[str, str]) -> dict[str, str]:
    """The tags with the names that ffmpeg writes as the format's own; numbers of Vorbis comments apart."""
    written = {WRITTEN_AS.get(form, {}).get(name.lower(), name): text for name, text in tags.items()}
    if form not in ("flac", "opus"):
        return written
    for total, number in TOTALS.items():
        if found := NUMBER_OF.fullmatch(written.get(number, "")):
            written[number], written[total.upper()] = found.groups()
    return written
