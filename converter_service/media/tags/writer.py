"""Tag writer: sets tags of a result that ffmpeg cannot write: several values, and frames with a structure.

Usage: `python -I -S writer.py <folder of mutagen> <file> <format> <JSON file>`; the JSON is an object of
names to lists of texts. A program of its own, which runs in the sandbox. It is executed by path and imports
mutagen and the standard library only.
"""

import json
import sys

# Name: frame of ID3v2, atom of MP4, Vorbis comment.
NAMES = {
    "title": ("TIT2", "\xa9nam", "TITLE"),
    "artist": ("TPE1", "\xa9ART", "ARTIST"),
    "album": ("TALB", "\xa9alb", "ALBUM"),
    "album_artist": ("TPE2", "aART", "ALBUMARTIST"),
    "composer": ("TCOM", "\xa9wrt", "COMPOSER"),
    "genre": ("TCON", "\xa9gen", "GENRE"),
    "grouping": ("TIT1", "\xa9grp", "GROUPING"),
    "comment": ("COMM", "\xa9cmt", "COMMENT"),
    "lyrics": ("USLT", "\xa9lyr", "LYRICS"),
    "compilation": ("TCMP", "cpil", "COMPILATION"),
    "sort_name": ("TSOT", "sonm", "TITLESORT"),
    "sort_artist": ("TSOP", "soar", "ARTISTSORT"),
    "sort_album": ("TSOA", "soal", "ALBUMSORT"),
    "sort_album_artist": ("TSO2", "soaa", "ALBUMARTISTSORT"),
    "sort_composer": ("TSOC", "soco", "COMPOSERSORT"),
    "performer": ("TPE3", "", "PERFORMER"),
    "publisher": ("TPUB", "", "PUBLISHER"),
    "lyricist": ("TEXT", "", "LYRICIST"),
    "isrc": ("TSRC", "", "ISRC"),
    "bpm": ("TBPM", "", "BPM"),
}
# Names under which ffmpeg may have written a comment.
FFMPEG_COMMENT = "DESCRIPTION"
UTF8, UTF16 = 3, 1
LANGUAGE = "XXX"


def write_id3(path: str, tags: dict[str, list[str]]) -> None:
    """Several values need ID3v2.4: version 2.3 separates them by slashes, which names have themselves."""
    from mutagen import id3

    file = id3.ID3(path)
    version = 4 if any(len(values) > 1 for values in tags.values()) else 3
    encoding = UTF8 if version == 4 else UTF16
    for name, values in tags.items():
        frame = NAMES.get(name, (name if name in id3.Frames else "TXXX",))[0]
        for other in (f"TXXX:{name}", f"TXXX:{frame}", frame):
            file.delall(other)
        if frame == "TXXX":
            file.add(id3.TXXX(encoding=encoding, desc=name, text=values))
        elif frame in ("COMM", "USLT"):
            kind = id3.Frames[frame]
            file.add(kind(encoding=encoding, lang=LANGUAGE, desc="", text="\n".join(values)))
        else:
            file.add(id3.Frames[frame](encoding=encoding, text=values))
    if version == 3:
        sorts = {frame: file.get(frame) for frame in ("TSOT", "TSOP", "TSOA")}
        file.update_to_v23()
        for frame in filter(None, sorts.values()):
            file.add(frame)
    file.save(path, v2_version=version)


def write_mp4(path: str, tags: dict[str, list[str]]) -> None:
    from mutagen.mp4 import MP4

    file = MP4(path)
    if file.tags is None:
        file.add_tags()
    for name, values in tags.items():
        atom = NAMES.get(name, ("", ""))[1]
        if atom == "cpil":
            file.tags[atom] = values[0].strip() not in ("", "0")
        elif atom:
            file.tags[atom] = values
        else:
            file.tags[f"----:com.apple.iTunes:{name.upper() if name in NAMES else name}"] = [
                value.encode() for value in values
            ]
    file.save()


def write_comments(path: str, tags: dict[str, list[str]], form: str) -> None:
    from mutagen.flac import FLAC
    from mutagen.oggopus import OggOpus

    file = FLAC(path) if form == "flac" else OggOpus(path)
    for name, values in tags.items():
        file.tags[NAMES.get(name, ("", "", name))[2]] = values
        if name == "comment" and FFMPEG_COMMENT in file.tags:
            del file.tags[FFMPEG_COMMENT]
    file.save()


def main(folder: str, path: str, form: str, source: str) -> None:
    sys.path.append(folder)
    with open(source, encoding="utf-8") as file:  # noqa: PTH123  # pathlib doubles the start-up time
        tags = json.load(file)
    if form == "mp3":
        write_id3(path, tags)
    elif form == "m4a":
        write_mp4(path, tags)
    else:
        write_comments(path, tags, form)


if __name__ == "__main__":
    main(*sys.argv[1:5])
