"""Tags of files as other programs write and read them (mutagen)."""

from pathlib import Path
from typing import Any

from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3, TXXX, Frames
from mutagen.mp4 import MP4, MP4Cover
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis

MP4_KEYS = {"artist": "\xa9ART", "title": "\xa9nam", "album_artist": "aART", "composer": "\xa9wrt",
            "comment": "\xa9cmt", "lyrics": "\xa9lyr", "sort_artist": "soar", "genre": "\xa9gen"}  # fmt: skip
ID3_FRAMES = {"artist": "TPE1", "title": "TIT2", "album_artist": "TPE2", "composer": "TCOM", "genre": "TCON"}


def tagged(source: Path, target: Path, tags: dict[str, list[str]], *, version: int = 4) -> Path:
    """A copy of the file with these tags; `version` is that of ID3v2, in which 3 joins values by slashes."""
    target.write_bytes(source.read_bytes())
    kind = source.suffix[1:]
    if kind in ("mp3", "aac"):
        file: Any = ID3()
        for name, values in tags.items():
            known = ID3_FRAMES.get(name)
            file.add(
                Frames[known](encoding=1, text=values) if known else TXXX(encoding=1, desc=name, text=values)
            )
        file.save(target, v2_version=version)
        return target
    if kind == "m4a":
        file = MP4(target)
        for name, values in tags.items():
            freeform = f"----:com.apple.iTunes:{name}", [value.encode() for value in values]
            key, content = (MP4_KEYS[name], values) if name in MP4_KEYS else freeform
            file[key] = content
    else:
        file = {"flac": FLAC, "ogg": OggVorbis, "opus": OggOpus}[kind](target)
        for name, values in tags.items():
            file[name.replace("_", "")] = values
    file.save()
    return target


def values(result: Path, form: str, name: str) -> list[str]:
    """The values of a tag in a result, as players read them: artist, title, album_artist …"""
    if form == "mp3":
        frame = ID3(result).get(ID3_FRAMES.get(name, f"TXXX:{name}"))
        return [] if frame is None else [str(text) for text in frame.text]
    if form == "m4a":
        tags = MP4(result).tags
        if name in MP4_KEYS:
            return [str(text) for text in tags.get(MP4_KEYS[name], [])]
        return [bytes(text).decode() for text in tags.get(f"----:com.apple.iTunes:{name}", [])]
    file = FLAC(result) if form == "flac" else OggOpus(result)
    return list(file.tags.get(name.replace("_", ""), []))


def id3_with_picture(version: int, picture: bytes, mime: str, texts: dict[str, str], folder: Path) -> bytes:
    """An ID3v2 tag with a front cover and text frames."""
    tag = ID3()
    tag.add(APIC(encoding=0, mime=mime, type=3, desc="", data=picture))
    for name, text in texts.items():
        tag.add(Frames[name](encoding=1, text=[text]))
    file = folder / f"{version}.id3"
    file.unlink(missing_ok=True)
    tag.save(file, v2_version=version)
    return file.read_bytes()


def with_picture(source: Path, target: Path, *pictures: bytes, mime: str) -> Path:
    """A copy of a FLAC or M4A file with these covers, in order."""
    target.write_bytes(source.read_bytes())
    file: Any
    if source.suffix == ".m4a":
        file = MP4(target)
        form = MP4Cover.FORMAT_PNG if mime == "image/png" else MP4Cover.FORMAT_JPEG
        file["covr"] = [MP4Cover(picture, form) for picture in pictures]
    else:
        file = FLAC(target)
        for data in pictures:
            block = Picture()
            block.type, block.mime, block.data = 3, mime, data
            file.add_picture(block)
    file.save()
    return target
