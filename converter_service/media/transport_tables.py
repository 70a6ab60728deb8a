"""Program association and program map tables of MPEG transport streams (ISO/IEC 13818-1, 2.4.4)."""

from collections.abc import Iterator
from enum import Enum

import msgspec

from converter_service.media.transport_packets import CRC_BYTES, checksum

ASSOCIATION_TABLE, MAP_TABLE = 0x00, 0x02
# Table and length stand before the counted bytes.
HEAD_BYTES, IS_CURRENT = 3, 0x01
PRIVATE_TYPE = 0x06
LANGUAGE, REGISTRATION = 0x0A, 0x05


class Sound(Enum):
    """Kinds of sound that a decoder of one kind reads."""

    MPEG = "mpeg"
    AAC = "aac"
    LATM = "latm"
    AC3 = "ac3"
    EAC3 = "eac3"
    DTS = "dts"
    TRUEHD = "truehd"
    OPUS = "opus"
    UNNAMED = "unnamed"


BY_TYPE = {
    0x03: Sound.MPEG,
    0x04: Sound.MPEG,
    0x0F: Sound.AAC,
    0x11: Sound.LATM,
    0x81: Sound.AC3,
    0x82: Sound.DTS,
    0x83: Sound.TRUEHD,
    0x84: Sound.EAC3,
    0x87: Sound.EAC3,
}
# Of private data: descriptors of DVB (ETSI EN 300 468), and registered formats.
BY_DESCRIPTOR = {0x6A: Sound.AC3, 0x7A: Sound.EAC3, 0x7B: Sound.DTS, 0x7C: Sound.AAC}
BY_REGISTRATION = {b"AC-3": Sound.AC3, b"EAC3": Sound.EAC3, b"DTS1": Sound.DTS, b"Opus": Sound.OPUS}


class Entry(msgspec.Struct, frozen=True):
    """An elementary stream in a map table; `at` is where its PID stands in the section."""

    kind: int
    pid: int
    at: int
    descriptors: tuple[tuple[int, bytes], ...]

    @property
    def sound(self) -> Sound | None:
        """None for what is no sound, or of an unknown kind. What nothing describes may be sound."""
        if self.kind != PRIVATE_TYPE:
            return BY_TYPE.get(self.kind)
        kinds = (
            BY_REGISTRATION.get(content[:4]) if tag == REGISTRATION else BY_DESCRIPTOR.get(tag)
            for tag, content in self.descriptors
        )
        return next(filter(None, kinds), None if self.descriptors else Sound.UNNAMED)

    @property
    def languages(self) -> tuple[bytes, ...]:
        """Languages and audio types."""
        return tuple(content for tag, content in self.descriptors if tag == LANGUAGE)


def is_whole(section: bytes) -> bool:
    """Whether a section is complete, undamaged and in force."""
    return (
        len(section) > HEAD_BYTES + CRC_BYTES + 5
        and len(section) == section_bytes(section)
        and bool(section[5] & IS_CURRENT)
        and checksum(section) == 0
    )


def section_bytes(section: bytes) -> int:
    """The length that a section has by its head; 0 if that is not complete."""
    if len(section) < HEAD_BYTES:
        return 0
    return HEAD_BYTES + (int.from_bytes(section[1:3]) & 0xFFF)


def subject(section: bytes) -> int:
    """The number of the program that a map table describes."""
    return int.from_bytes(section[3:5])


def clock_pid(section: bytes) -> int:
    """The PID that has the clock of a map table's program."""
    return int.from_bytes(section[8:10]) & 0x1FFF


def programs(section: bytes) -> list[tuple[int, int]]:
    """The PIDs of map tables that a section of an association table names, and their programs' numbers."""
    return [
        (int.from_bytes(section[at + 2 : at + 4]) & 0x1FFF, int.from_bytes(section[at : at + 2]))
        for at in range(8, len(section) - CRC_BYTES - 3, 4)
        if section[at : at + 2] != b"\0\0"
    ]


def map_entries(section: bytes) -> Iterator[Entry]:
    """The streams that a map table lists."""
    if section[0] != MAP_TABLE or len(section) < 12 + CRC_BYTES:
        return
    at = 12 + (int.from_bytes(section[10:12]) & 0xFFF)
    while at + 5 <= len(section) - CRC_BYTES:
        length = int.from_bytes(section[at + 3 : at + 5]) & 0xFFF
        pid = int.from_bytes(section[at + 1 : at + 3]) & 0x1FFF
        yield Entry(section[at], pid, at + 1, tuple(_descriptors(section[at + 5 : at + 5 + length])))
        at += 5 + length


def with_pids(section: bytes, pids: dict[int, int]) -> bytes:
    """A map table that lists other PIDs in place of some."""
    changed = bytearray(section)
    for entry in map_entries(section):
        field = int.from_bytes(section[entry.at : entry.at + 2])
        changed[entry.at : entry.at + 2] = (field & 0xE000 | pids.get(entry.pid, entry.pid)).to_bytes(2)
    changed[-CRC_BYTES:] = checksum(bytes(changed[:-CRC_BYTES])).to_bytes(CRC_BYTES)
    return bytes(changed)


def _descriptors(content: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 2 <= len(content):
        end = at + 2 + content[at + 1]
        yield content[at], content[at + 2 : end]
        at = end
