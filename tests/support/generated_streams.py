"""Transport streams of a few packets, byte by byte, and what becomes of them where sound moves."""

import struct
from collections.abc import Sequence
from pathlib import Path

from converter_service.media.moved_sound import join_moved_sound
from converter_service.media.scan_budget import ScanBudget
from tests.support.broadcasts import crc

MAP, OLD, NEW, OTHER, NULL = 0x40, 0x100, 0x200, 0x300, 0x1FFF
MPEG, AC3 = 0x03, 0x81
# Longer than a packet.
LONG = b"\x0a\x04deu\0" + b"\xfe\xf0" + bytes(240)


def packet(pid: int, content: bytes, *, begins: bool = False) -> bytes:
    head = bytes([0x47, (0x40 if begins else 0) | pid >> 8, pid & 0xFF, 0x10])
    return head + content.ljust(184, b"\xff")


def section(
    table: int,
    body: bytes,
    version: int,
    *,
    is_in_force: bool = True,
    subject: int = 1,
    place: tuple[int, int] = (0, 0),
) -> bytes:
    """`subject`: the number of the program, or of the stream; `place`: of the section, and the last one."""
    state = 0xC0 | version << 1 | is_in_force
    head = struct.pack(">BHHBBB", table, 0xB000 | len(body) + 9, subject, state, *place)
    whole = bytearray(head + body)
    return bytes(whole) + crc(whole).to_bytes(4)


def packed(pid: int, table: bytes) -> bytes:
    content = b"\0" + table
    parts = [content[at : at + 184] for at in range(0, len(content), 184)]
    return b"".join(packet(pid, part, begins=not n) for n, part in enumerate(parts))


def association(*programs: tuple[int, int], version: int = 0, place: tuple[int, int] = (0, 0)) -> bytes:
    """Programs by their numbers and the PIDs of their maps."""
    body = b"".join(struct.pack(">HH", number, 0xE000 | pid) for number, pid in programs)
    return packed(0, section(0, body, version, place=place))


def map_section(
    version: int, *streams: tuple[int, int, bytes], program: int = 1, clock: int = OTHER
) -> bytes:
    """Streams by their types, PIDs and descriptors."""
    listed = b"".join(
        struct.pack(">BHH", kind, 0xE000 | pid, 0xF000 | len(descriptors)) + descriptors
        for kind, pid, descriptors in streams
    )
    return section(2, struct.pack(">HH", 0xE000 | clock, 0xF000) + listed, version, subject=program)


def tables(version: int, *streams: tuple[int, int], descriptors: bytes = b"") -> bytes:
    listed = ((kind, pid, descriptors) for kind, pid in streams)
    return association((1, MAP)) + packed(MAP, map_section(version, *listed))


def sound(pid: int, count: int = 3) -> bytes:
    return packet(pid, b"sound") * count


def joined(folder: Path, content: bytes, budget: ScanBudget | None = None) -> tuple[bytes, bool]:
    file = folder / "source.ts"
    file.write_bytes(content)
    has_strays = join_moved_sound(file, budget or ScanBudget(len(content)))
    return file.read_bytes(), has_strays


def pids(stream: bytes) -> Sequence[int]:
    return [int.from_bytes(stream[at + 1 : at + 3]) & 0x1FFF for at in range(0, len(stream), 188)]
