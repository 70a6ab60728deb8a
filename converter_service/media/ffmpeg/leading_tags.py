"""Replaces the ID3 tags at a file's start by one that every ffmpeg reads (id3.org).

ffmpeg recognises a container only if it begins near the file's start; some versions skip one tag only, and
read unsynchronised ones of version 2.3 wrongly.
"""

import re
from pathlib import Path
from typing import IO

import msgspec

SMALL_BYTES = 65_536
HEADER_BYTES = 10
# ffmpeg recognises FLAC and ADTS behind a tag of up to 1 MiB.
MAX_SKIPPED_BYTES = 900_000
MAX_TAGS = 16
HAS_FOOTER = 0x10
CHUNK_BYTES = 1 << 20
# A frame of text that is marked as Latin-1, with letters that are not ASCII: in another charset, perhaps.
LATIN_1_TEXT = re.compile(rb"(?:[TU][A-Z0-9]{3}|COMM)[\0-\x7f]{6}\0[^\0]{0,500}?[\x80-\xff]")
ID3V1_BYTES = 128


class LeadingTags(msgspec.Struct, frozen=True):
    """How many ID3v2 tags a file begins with, how long they are, whether ffmpeg may read them wrongly, and
    whether texts, also of ID3v1, may be in a charset that ID3 does not have.
    """

    count: int
    length: int
    is_intricate: bool
    is_suspect: bool

    @property
    def hides_sound(self) -> bool:
        return self.count > 1 or self.length > MAX_SKIPPED_BYTES


def find_tags(path: Path) -> LeadingTags:
    with path.open("rb") as file:
        length = count = 0
        is_plain = True
        while count < MAX_TAGS and (head := _header(file, length)):
            # Neither version 2.2, nor unsynchronised, nor with an extended header.
            is_plain = is_plain and head[3] in (3, 4) and not head[5]
            length += HEADER_BYTES + _size(head) + (HEADER_BYTES if head[5] & HAS_FOOTER else 0)
            count += 1
        is_plain = is_plain and count <= 1 and length <= SMALL_BYTES
        return LeadingTags(count, length, not is_plain, is_plain and _has_legacy_text(file, length))


def replace_tags(path: Path, tags: LeadingTags, clean: bytes) -> None:
    """Writes `clean` in place of the tags; without it, they are cut off only if they hide the sound."""
    if not clean and not tags.hides_sound:
        return
    with path.open("r+b") as file:
        end = file.seek(0, 2)
        _move(file, min(tags.length, end), end, len(clean))
        file.truncate(len(clean) + max(0, end - tags.length))
        file.seek(0)
        file.write(clean)


def _header(file: IO[bytes], at: int) -> bytes:
    """That of the tag that begins at a place; empty if there is none."""
    file.seek(at)
    head = file.read(HEADER_BYTES)
    return head if len(head) == HEADER_BYTES and head[:3] == b"ID3" else b""


def _has_legacy_text(file: IO[bytes], length: int) -> bool:
    file.seek(0)
    if LATIN_1_TEXT.search(file.read(length)):
        return True
    end = file.seek(0, 2)
    file.seek(max(0, end - ID3V1_BYTES))
    last = file.read(ID3V1_BYTES)
    # The last byte is a genre.
    return last.startswith(b"TAG") and not last[:-1].isascii()


def _size(header: bytes) -> int:
    size = 0
    for digit in header[6:]:
        size = size << 7 | digit & 0x7F
    return size


def _move(file: IO[bytes], begin: int, end: int, target: int) -> None:
    """Moves bytes within the file; towards its end from the last chunk on, so that none is overwritten."""
    places = list(range(begin, end, CHUNK_BYTES))
    for at in reversed(places) if target > begin else places:
        file.seek(at)
        chunk = file.read(min(CHUNK_BYTES, end - at))
        file.seek(target + at - begin)
        file.write(chunk)
