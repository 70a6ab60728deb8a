"""Tag reader: prints tags that ffmpeg cannot read, as JSON: those of several values, and APEv2 in MPEG audio;
saves the front cover.

Usage: `python -I -S reader.py <folder of mutagen> <file> <picture>`. A program of its own, which runs in the
sandbox: it parses untrusted bytes. It is executed by path and imports mutagen and the standard library only.
"""

import base64
import json
import sys
from collections.abc import Callable
from itertools import islice

MAX_VALUES = 100
FRONT_COVER = 3
SNIFFED_BYTES = 12
# ffmpeg's names for text frames of ID3v2.
ID3_NAMES = {
    "TPE1": "artist",
    "TPE2": "album_artist",
    "TPE3": "performer",
    "TCOM": "composer",
    "TCON": "genre",
    "TIT1": "grouping",
    "TPUB": "publisher",
    "TSOP": "artist-sort",
    "TIT2": "title",
    "TALB": "album",
}
# ID3v2.3 separates people's names by slashes in these, which names may have themselves.
SLASHED = ("TPE1", "TCOM", "TEXT", "TOLY", "TOPE")
MP4_NAMES = {
    "\xa9ART": "artist",
    "aART": "album_artist",
    "\xa9wrt": "composer",
    "\xa9gen": "genre",
    "\xa9grp": "grouping",
    "\xa9nam": "title",
    "\xa9alb": "album",
    "tmpo": "bpm",
    "soar": "sort_artist",
    "soaa": "sort_album_artist",
    "soco": "sort_composer",
}
# What ffmpeg does not read even if it has one value.
UNREAD = ("bpm",)
# Of APEv2; the other names mean the same to ffmpeg.
APE_NAMES = {"year": "date"}
APE_COVER = "cover art (front)"
# Files of MPEG audio, in which ffmpeg reads no APEv2 tag.
MPEG_AUDIO = b"\xff"
WORDS = ("title", "artist", "album")
ASF_NAMES = {
    "Author": "artist",
    "WM/AlbumArtist": "album_artist",
    "WM/Composer": "composer",
    "WM/Genre": "genre",
    "WM/Conductor": "conductor",
    "WM/Writer": "lyricist",
}

Value = tuple[str, list[str]]
Picture = tuple[int, bytes]
Reader = Callable[[str], tuple[list[Value], list[Picture]]]


def read_id3(path: str) -> tuple[list[Value], list[Picture]]:
    from mutagen.id3 import ID3

    return _of_id3(ID3(path))


def _of_id3(tags) -> tuple[list[Value], list[Picture]]:  # type: ignore[no-untyped-def]  # an ID3
    joint = {str(text) for frame in tags.getall("TXXX:ARTISTS") for text in ["/".join(frame.text)]}
    values = []
    for frame in tags.values():
        if not frame.FrameID.startswith("T") or not hasattr(frame, "text"):
            continue
        texts = [str(text) for text in getattr(frame, "genres", frame.text)]
        if len(texts) == 1 and tags.version < (2, 4, 0) and frame.FrameID in SLASHED:
            texts = split_names(texts[0], is_sure=texts[0] in joint)
        name = frame.desc if frame.FrameID == "TXXX" else ID3_NAMES.get(frame.FrameID, frame.FrameID)
        values.append((name, texts))
    return values, [(int(frame.type), frame.data) for frame in tags.getall("APIC")]


def split_names(text: str, *, is_sure: bool) -> list[str]:
    """Splits at slashes if each part has a blank within, as names of people have and "AC/DC" has not."""
    parts = [part.strip() for part in text.split("/")]
    return parts if is_sure or all(" " in part for part in parts) else [text]


def read_flac(path: str) -> tuple[list[Value], list[Picture]]:
    from mutagen.flac import FLAC

    file = FLAC(path)
    return _of_comments(file.tags), [(picture.type, picture.data) for picture in file.pictures]


def read_ogg(path: str) -> tuple[list[Value], list[Picture]]:
    from mutagen.flac import Picture as Block
    from mutagen.oggflac import OggFLAC
    from mutagen.oggopus import OggOpus
    from mutagen.oggspeex import OggSpeex
    from mutagen.oggvorbis import OggVorbis

    for form in (OggVorbis, OggOpus, OggFLAC, OggSpeex):
        try:
            tags = form(path).tags
        except Exception:  # noqa: BLE001, S112  # of another codec, or damaged
            continue
        blocks = [Block(base64.b64decode(text)) for text in tags.get("metadata_block_picture", [])]
        return _of_comments(tags), [(block.type, block.data) for block in blocks]
    return [], []


def _of_comments(tags) -> list[Value]:  # type: ignore[no-untyped-def]  # a VComment, or None
    names = dict.fromkeys(name.lower() for name, _ in tags or ())
    return [(name, list(tags[name])) for name in names if name != "metadata_block_picture"]


def read_mp4(path: str) -> tuple[list[Value], list[Picture]]:
    from mutagen.mp4 import MP4

    values: list[Value] = []
    pictures: list[Picture] = []
    for key, items in (MP4(path).tags or {}).items():
        if key == "covr":
            pictures = [(FRONT_COVER, bytes(item)) for item in items]
        elif key.startswith("----:"):
            values.append((key.split(":")[2], [bytes(item).decode("utf-8", "replace") for item in items]))
        elif key in MP4_NAMES:
            values.append((MP4_NAMES[key], [str(item) for item in items]))
    return values, pictures


def read_asf(path: str) -> tuple[list[Value], list[Picture]]:
    from mutagen.asf import ASF

    tags = ASF(path).tags
    return [(ASF_NAMES[name], [str(text) for text in tags[name]]) for name in ASF_NAMES if name in tags], []


def read_ape(path: str) -> tuple[list[Value], list[Picture]]:
    from mutagen.apev2 import APETextValue, APEv2

    tag = APEv2(path)
    items = [(name.lower(), list(item)) for name, item in tag.items() if isinstance(item, APETextValue)]
    covers = [item.value.partition(b"\0")[2] for name, item in tag.items() if name.lower() == APE_COVER]
    return [(APE_NAMES.get(name, name), texts) for name, texts in items], [(FRONT_COVER, c) for c in covers]


def read_wave(path: str) -> tuple[list[Value], list[Picture]]:
    from mutagen.wave import WAVE

    tags = WAVE(path).tags
    return _of_id3(tags) if tags is not None else ([], [])


def read_aiff(path: str) -> tuple[list[Value], list[Picture]]:
    from mutagen.aiff import AIFF

    tags = AIFF(path).tags
    return _of_id3(tags) if tags is not None else ([], [])


READERS = (
    (b"fLaC", 0, read_flac),
    (b"OggS", 0, read_ogg),
    (b"ftyp", 4, read_mp4),
    (b"WAVE", 8, read_wave),
    (b"FORM", 0, read_aiff),
    (b"\x30\x26\xb2\x75", 0, read_asf),
)


def readers_for(path: str) -> tuple[list[Reader], bool]:
    """The readers of the tags that the file may have, the container's own first; and whether it is MPEG
    audio, in which ffmpeg reads no APEv2 tag.
    """
    with open(path, "rb") as file:  # noqa: PTH123  # pathlib doubles the start-up time
        head = file.read(SNIFFED_BYTES)
        length = 0
        if head[:3] == b"ID3":
            length = 10 + sum((digit & 0x7F) << 7 * (3 - place) for place, digit in enumerate(head[6:10]))
        file.seek(length)
        inner = file.read(SNIFFED_BYTES)
    is_mpeg = inner.startswith(MPEG_AUDIO)
    readers: list[Reader] = [reader for magic, at, reader in READERS if inner[at:].startswith(magic)]
    if length:
        readers.append(read_id3)
    if is_mpeg or not readers:
        readers.append(read_ape)
    return readers, is_mpeg


def main(folder: str, path: str, target: str) -> None:
    sys.path.append(folder)
    values: dict[str, list[str]] = {}
    pictures: list[Picture] = []
    shown = set(UNREAD)
    readers, is_mpeg = readers_for(path)
    for reader in readers:
        try:
            texts, images = reader(path)
        except Exception:  # noqa: BLE001, S112  # it often lacks a tag, and mutagen raises errors of many kinds
            continue
        if reader is read_ape and is_mpeg and not values.keys() & set(WORDS):
            shown |= {name for name, _ in texts}
        for name, several in texts:
            values.setdefault(name, list(islice(several, MAX_VALUES)))
        pictures = pictures or images
    fronts_first = sorted(pictures, key=lambda picture: picture[0] != FRONT_COVER)
    if fronts_first:
        with open(target, "wb") as file:  # noqa: PTH123
            file.write(fronts_first[0][1])
    told = {name: several for name, several in values.items() if len(several) > 1 or name in shown}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:4])
