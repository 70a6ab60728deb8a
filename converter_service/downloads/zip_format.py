"""ZIP files whose entries are stored, with sizes and checksums in front of them (APPNOTE.TXT 6.3.10). Pure.

The local header of an entry has its size and CRC-32, so that every program can unpack the archive also while
it arrives: entries that are stored and followed by a data descriptor cannot be told apart by those.
Zip64 fields are there only where they are needed.
"""

import struct
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

MOST_32, MOST_16 = 0xFFFF_FFFF, 0xFFFF
ZIP64_ID = 0x0001
# Names are UTF-8 (4.4.4, bit 11).
UTF8_NAMES = 0x0800
STORED = 0
VERSION, ZIP64_VERSION = 20, 45
EARLIEST = (1980, 1, 1, 0, 0, 0)


class Entry(Struct, frozen=True):
    """`name` has at most 65,535 bytes of UTF-8; `modified` is written as it is, without its zone."""

    name: str
    size: int
    crc32: int
    modified: datetime


def local_header(entry: Entry) -> bytes:
    """What stands before the bytes of an entry (4.3.7)."""
    is_large = entry.size >= MOST_32
    extra = struct.pack("<HHQQ", ZIP64_ID, 16, entry.size, entry.size) if is_large else b""
    size = MOST_32 if is_large else entry.size
    name = entry.name.encode()
    head = struct.pack(
        "<4s5H3L2H",
        b"PK\x03\x04",
        ZIP64_VERSION if is_large else VERSION,
        UTF8_NAMES,
        STORED,
        *_dos_time(entry.modified),
        entry.crc32,
        size,
        size,
        len(name),
        len(extra),
    )
    return head + name + extra


def directory(entries: Sequence[Entry]) -> bytes:
    """What stands behind all entries: central directory and end records (4.3.12 to 4.3.16)."""
    offset, headers = 0, []
    for entry in entries:
        headers.append(_central_header(entry, offset))
        offset += len(local_header(entry)) + entry.size
    central = b"".join(headers)
    return central + _end(len(entries), len(central), offset)


def total_size(entries: Sequence[Entry]) -> int:
    """The size of the whole archive."""
    return sum(len(local_header(each)) + each.size for each in entries) + len(directory(entries))


def _central_header(entry: Entry, offset: int) -> bytes:
    is_large, is_far = entry.size >= MOST_32, offset >= MOST_32
    fields = struct.pack("<QQ", entry.size, entry.size) if is_large else b""
    fields += struct.pack("<Q", offset) if is_far else b""
    extra = struct.pack("<HH", ZIP64_ID, len(fields)) + fields if fields else b""
    size = MOST_32 if is_large else entry.size
    version = ZIP64_VERSION if fields else VERSION
    name = entry.name.encode()
    head = struct.pack(
        "<4s6H3L5H2L",
        b"PK\x01\x02",
        version,
        version,
        UTF8_NAMES,
        STORED,
        *_dos_time(entry.modified),
        entry.crc32,
        size,
        size,
        len(name),
        len(extra),
        0,
        0,
        0,
        0,
        MOST_32 if is_far else offset,
    )
    return head + name + extra


def _end(count: int, size: int, offset: int) -> bytes:
    end = struct.pack(
        "<4s4H2LH",
        b"PK\x05\x06",
        0,
        0,
        min(count, MOST_16),
        min(count, MOST_16),
        min(size, MOST_32),
        min(offset, MOST_32),
        0,
    )
    if count < MOST_16 and size < MOST_32 and offset < MOST_32:
        return end
    record = struct.pack(
        "<4sQ2H2L4Q", b"PK\x06\x06", 44, ZIP64_VERSION, ZIP64_VERSION, 0, 0, count, count, size, offset
    )
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, offset + size, 1)
    return record + locator + end


def _dos_time(moment: datetime) -> tuple[int, int]:
    """Time and date in the units of MS-DOS, which begin in 1980."""
    year, month, day, hour, minute, second = max(moment.timetuple()[:6], EARLIEST)
    return hour << 11 | minute << 5 | second // 2, (year - 1980) << 9 | month << 5 | day
