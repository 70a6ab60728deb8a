"""Recognises encrypted sound by its container's headers, before any decoder makes noise of it."""

import re
import struct
import uuid
from pathlib import Path
from typing import IO

from converter_service.media.boxes import Box, boxes
from converter_service.media.transport_stream import is_locked_transport_stream

# Sample entries of encrypted sound (ISO/IEC 23001-7; Apple; Audible). Encrypted pictures do not matter.
LOCKED_ENTRIES = frozenset({b"enca", b"drms", b"aavd"})
# stsd: version, flags and number of entries.
ENTRIES_AT = 8
PARENTS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
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
ASF_OBJECT = struct.Struct("<16sQ")
ASF_HEADER_BYTES, MAX_OBJECTS, MAX_DEPTH = 30, 1000, 8
EBML = b"\x1a\x45\xdf\xa3"
# Audible AA.
AUDIBLE = b"\x57\x90\x75\x36"
# Matroska: ContentEncodings, in it ContentEncoding, in it ContentEncryption (RFC 9559, 5.1.4.1.31).
MATROSKA_LOCK = re.compile(rb"\x6d\x80.{1,8}?\x62\x40.{1,64}?\x50\x35", re.DOTALL)
CLUSTER = b"\x1f\x43\xb6\x75"
MATROSKA_BYTES = 1_000_000


def is_protected(path: Path) -> bool:
    """Whether the file's sound is encrypted; reads headers only, a bounded number of them."""
    with path.open("rb") as file:
        magic = file.read(16)
        if magic == ASF_HEADER:
            return _is_asf_locked(file)
        if magic[:4] == EBML:
            return _is_matroska_locked(file)
        if magic[4:8] == AUDIBLE:
            return True
        if is_locked_transport_stream(file):
            return True
        end = file.seek(0, 2)
        return any(_is_mp4_locked(file, box, 0) for box in boxes(file, 0, end))


def _is_mp4_locked(file: IO[bytes], box: Box, depth: int) -> bool:
    if box.name == b"stsd":
        return any(entry.name in LOCKED_ENTRIES for entry in boxes(file, box.at + ENTRIES_AT, box.end))
    if box.name not in PARENTS or depth > MAX_DEPTH:
        return False
    return any(_is_mp4_locked(file, child, depth + 1) for child in boxes(file, box.at, box.end))


def _is_asf_locked(file: IO[bytes]) -> bool:
    at = ASF_HEADER_BYTES
    for _ in range(MAX_OBJECTS):
        file.seek(at)
        head = file.read(ASF_OBJECT.size)
        if len(head) < ASF_OBJECT.size:
            return False
        name, size = ASF_OBJECT.unpack(head)
        if name in ASF_LOCKS:
            return True
        if not ASF_OBJECT.size <= size < 1 << 40:
            return False
        at += size
    return False


def _is_matroska_locked(file: IO[bytes]) -> bool:
    file.seek(0)
    head = file.read(MATROSKA_BYTES).partition(CLUSTER)[0]
    return MATROSKA_LOCK.search(head) is not None
