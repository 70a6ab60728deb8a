"""The size that an AVI, WAV or ASF file declares in its header; detects cut-off files.

ffmpeg's demuxers for these formats adapt the duration to what is left, so that nothing seems missing.
"""

import struct
from pathlib import Path

HEAD_BYTES = 64 * 1024
# Muxers round and pad: a file with at least this share of its declared size has lost no audible part.
ENOUGH = 0.98
# Sizes that programs write to a pipe instead of the real one lie near 2 and 4 GiB, and at the end of 64 bits.
NEAR_2_GIB, NEAR_4_GIB = range(0x7F000000, 0x80100000), range(0xFF000000, 1 << 32)
NEAR_64_BITS = 1 << 62
ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
ASF_BROADCAST = 1


def lacks_bytes(path: Path) -> bool:
    """Whether the file is materially shorter than its header declares."""
    with path.open("rb") as file:
        declared = declared_bytes(file.read(HEAD_BYTES))
    return declared is not None and path.stat().st_size < declared * ENOUGH


def is_placeholder(size: int, *, bits: int = 32, empty: int = 0) -> bool:
    """Whether a size field of so many bits was never filled in; `empty` is the size of nothing."""
    if bits == 64 and size >= NEAR_64_BITS:
        return True
    return size <= empty or size in NEAR_2_GIB or size in NEAR_4_GIB


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
    return None if is_placeholder(size) else int(size) + 8


def _asf_bytes(head: bytes) -> int | None:
    """File size from the File Properties Object (ASF specification, 3.2), unless flagged as broadcast."""
    at = head.find(ASF_FILE_PROPERTIES)
    if at < 0 or len(head) < at + 92:
        return None
    (size,) = struct.unpack_from("<Q", head, at + 40)
    (flags,) = struct.unpack_from("<I", head, at + 88)
    return None if flags & ASF_BROADCAST else int(size)
