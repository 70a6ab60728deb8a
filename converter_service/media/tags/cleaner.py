"""Tag cleaner: prints a file's ID3 tags as one ID3v2.4 tag that every ffmpeg reads; saves the front cover.

That tag has no pictures, no private data and no text in a charset that ID3 does not have. The JSON has it in
base64, and says whether its texts are others than ffmpeg would read.

Usage: `python -I -S cleaner.py <folder of mutagen> <own folder> <file> <picture>`. A program of its own,
which runs in the sandbox: it parses untrusted bytes. It is executed by path and imports mutagen, its sibling
`legacy_text` and the standard library only.
"""

import base64
import json
import sys
from collections.abc import Iterator
from io import BytesIO
from itertools import islice

HEADER_BYTES = 10
HAS_FOOTER = 0x10
# More tags, and larger ones, than any program writes.
MAX_TAGS, MAX_TAG_BYTES = 16, 64 * 1024 * 1024
# ffmpeg recognises FLAC and ADTS behind a tag of up to 1 MiB.
MAX_CLEAN_BYTES = 900_000
# Frames of programs, not of people: private data and files of any kind.
PRIVATE = ("PRIV", "GEOB")
FRONT_COVER = 3
WORDS = ("TIT2", "TPE1", "TALB")
ID3V1_BYTES = 128
LATIN_1, UTF_8 = 0, 3
# Chapters, which hold frames themselves.
WITH_FRAMES = ("CHAP", "CTOC")


def read_tags(path: str):  # type: ignore[no-untyped-def]  # yields an ID3 for each tag
    """The tags at the file's start in their order, as far as they can be read."""
    from mutagen.id3 import ID3

    for data in islice(_tag_bytes(path), MAX_TAGS):
        try:
            yield ID3(BytesIO(data), load_v1=False)
        except Exception:  # noqa: BLE001, S112  # mutagen raises errors of many kinds
            continue


def read_last_tag(path: str):  # type: ignore[no-untyped-def]  # returns a list of frames
    """The frames that stand for the ID3v1 tag at the file's end."""
    from mutagen.id3 import ParseID3v1

    with open(path, "rb") as file:  # noqa: PTH123
        file.seek(max(0, file.seek(0, 2) - ID3V1_BYTES))
        return list((ParseID3v1(file.read(ID3V1_BYTES)) or {}).values())


def _tag_bytes(path: str) -> Iterator[bytes]:
    with open(path, "rb") as file:  # noqa: PTH123  # pathlib doubles the start-up time
        at = 0
        while True:
            file.seek(at)
            head = file.read(HEADER_BYTES)
            if len(head) < HEADER_BYTES or head[:3] != b"ID3":
                return
            length = sum((digit & 0x7F) << 7 * (3 - place) for place, digit in enumerate(head[6:10]))
            if length <= MAX_TAG_BYTES:
                yield head + file.read(length)
            at += HEADER_BYTES + length + (HEADER_BYTES if head[5] & HAS_FOOTER else 0)


def merge(path: str):  # type: ignore[no-untyped-def]  # returns an ID3, a list of APIC, and a bool
    """All frames; of those that exist twice, the first. The tag at the end counts, as in ffmpeg, only if no
    other one has words; the third value says whether it does.
    """
    from mutagen.id3 import ID3

    merged, pictures = ID3(), []
    for tag in read_tags(path):
        pictures += tag.getall("APIC")
        for frame in tag.values():
            if frame.FrameID not in ("APIC", *PRIVATE) and frame.HashKey not in merged:
                merged.add(frame)
    last = [] if any(map(merged.getall, WORDS)) else read_last_tag(path)
    for frame in last:
        merged.add(frame)
    return merged, pictures, bool(last)


def frames_with_text(tag):  # type: ignore[no-untyped-def]  # an ID3 or the frames of a chapter
    for frame in list(tag.values()):
        if frame.FrameID in WITH_FRAMES:
            frame.sub_frames.delall("APIC")
            yield from frames_with_text(frame.sub_frames)  # type: ignore[no-untyped-call]
        elif hasattr(frame, "text"):
            yield frame


def decode_legacy(tag) -> bool:  # type: ignore[no-untyped-def]  # an ID3
    """Decodes texts that are marked as Latin-1 and are not, all of them with the same charset; False if there
    are none.
    """
    from legacy_text import WESTERN, detect_charset  # type: ignore[import-not-found]

    texts_of = frames_with_text(tag)  # type: ignore[no-untyped-call]
    frames = [frame for frame in texts_of if frame.encoding == LATIN_1]
    legacy = [text for frame in frames for text in _texts(frame) if not text.isascii()]
    if not legacy:
        return False
    joined = "\n".join(legacy).encode("latin-1", "replace")
    charset = "utf-8" if _is_utf8(joined) else detect_charset(joined)
    if charset == WESTERN and not any(0x80 <= byte < 0xA0 for byte in joined):
        return False
    for frame in frames:
        texts = [text.encode("latin-1", "replace").decode(charset, "replace") for text in _texts(frame)]
        if isinstance(frame.text, str):
            frame.text = texts[0]
        elif all(isinstance(text, str) for text in frame.text):
            frame.text = texts[: len(frame.text)]
        if hasattr(frame, "desc"):
            frame.desc = texts[-1]
        frame.encoding = UTF_8
    return True


def _texts(frame) -> list[str]:  # type: ignore[no-untyped-def]  # a frame
    texts = [frame.text] if isinstance(frame.text, str) else [str(text) for text in frame.text]
    return [*texts, frame.desc] if hasattr(frame, "desc") else texts


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def saved(tag) -> bytes:  # type: ignore[no-untyped-def]  # an ID3
    file = BytesIO()
    tag.save(file, v1=0, v2_version=4, padding=lambda _: 0)
    return file.getvalue()


def main(folder: str, own_folder: str, path: str, target: str) -> None:
    sys.path += [folder, own_folder]
    tag, pictures, has_last = merge(path)
    is_decoded = decode_legacy(tag)
    clean = saved(tag)
    if len(clean) > MAX_CLEAN_BYTES:
        for frame in list(tag.values()):
            if not frame.FrameID.startswith("T"):
                del tag[frame.HashKey]
        clean = saved(tag)
    fronts_first = sorted(pictures, key=lambda picture: int(picture.type) != FRONT_COVER)
    if fronts_first:
        with open(target, "wb") as file:  # noqa: PTH123
            file.write(fronts_first[0].data)
    shown = base64.b64encode(clean).decode() if tag and len(clean) <= MAX_CLEAN_BYTES else ""
    sys.stdout.write(json.dumps({"tag": shown, "is_other": is_decoded or has_last}))


if __name__ == "__main__":
    main(*sys.argv[1:5])
