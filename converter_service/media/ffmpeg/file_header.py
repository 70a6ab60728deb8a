"""Facts in a file's header that ffprobe does not report: the declared file size, and WebM.

The size that an AVI, WAV or ASF file declares detects cut-off files: ffmpeg's demuxers for them adapt the
duration to what is left, so that nothing seems missing.
"""

import re
import struct
from pathlib import Path

HEAD_BYTES = 64 * 1024
# Muxers round and pad: a file with at least this share of its declared size has lost no audible part.
ENOUGH = 0.98
# A RIFF size of 0 or of all ones was never filled in, as when writing to a pipe.
RIFF_UNKNOWN = frozenset({0, 0xFFFFFFFF})
ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
ASF_BROADCAST = 1
# The EBML header (RFC 8794 §8.1, §11.2.4) at the file's start with the DocType "webm".
WEBM = re.compile(rb"\x1a\x45\xdf\xa3.{1,400}?\x42\x82\x84webm", re.DOTALL)


def is_webm(path: Path) -> bool:
    """Distinguishes WebM from other Matroska files, for which ffprobe has one name."""
    with path.open("rb") as file:
        return WEBM.match(file.read(512)) is not None


def lacks_bytes(path: Path) -> bool:
    """Whether the file is materially shorter than its header declares."""
    with path.open("rb") as file:
        declared = declared_bytes(file.read(HEAD_BYTES))
    return declared is not None and path.stat().st_size < declared * ENOUGH


def declared_bytes(head: bytes) -> int | None:
    """Returns the declared size from the first HEAD_BYTES of a file, or None."""
    if head[:4] in (b"RIFF", b"RIFX"):
        return _riff_bytes(head)
    if head.startswith(ASF_HEADER):
        return _asf_bytes(head)
    return None


def _riff_bytes(head: bytes) -> int | None:
    """Size of the first RIFF chunk; AVIs over 1 GiB have more."""
    if len(head) < 8:
        return None
    (size,) = struct.unpack_from("<I" if head[:4] == b"RIFF" else ">I", head, 4)
    return None if size in RIFF_UNKNOWN else int(size) + 8


def _asf_bytes(head: bytes) -> int | None:
    """File size from the File Properties Object (ASF specification, 3.2), unless flagged as broadcast."""
    at = head.find(ASF_FILE_PROPERTIES)
    if at < 0 or len(head) < at + 92:
        return None
    (size,) = struct.unpack_from("<Q", head, at + 40)
    (flags,) = struct.unpack_from("<I", head, at + 88)
    return None if flags & ASF_BROADCAST else int(size)
