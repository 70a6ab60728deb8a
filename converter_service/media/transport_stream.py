"""Finds the encrypted streams of MPEG transport streams (ISO/IEC 13818-1) that program map tables list."""

from collections.abc import Iterator
from typing import IO

import msgspec

PACKET, SYNC = 188, 0x47
# Blu-ray puts four bytes before each packet.
PREFIXES = (0, 4)
# Tables are repeated several times a second.
LOOK_BYTES = 2_000_000
PAT_PID, PAT_TABLE, PMT_TABLE, CRC_BYTES = 0, 0x00, 0x02, 4
# Types of pictures: MPEG-1, MPEG-2, MPEG-4, H.264, H.265, H.266, Dirac and VC-1. DVB has several codecs of
# sound in "private data", which only descriptors tell apart.
PICTURE_TYPES = frozenset({0x01, 0x02, 0x10, 0x1B, 0x24, 0x33, 0xD1, 0xEA})
# Apple: MPEG-2 Stream Encryption Format for HTTP Live Streaming. Those of Dolby's codecs need a descriptor.
SAMPLE_AES_AAC, SAMPLE_AES_DOLBY = 0xCF, frozenset({0xC1, 0xC2})
PRIVATE_DATA_INDICATOR = 0x0F
# In a packet's fourth byte.
SCRAMBLED, HAS_PAYLOAD = 0x80, 0x10
SCRAMBLED_SHARE = 0.5


class Stream(msgspec.Struct, frozen=True):
    """An elementary stream in a program map table."""

    kind: int
    pid: int
    descriptors: bytes

    @property
    def is_picture(self) -> bool:
        return self.kind in PICTURE_TYPES

    @property
    def is_sample_aes(self) -> bool:
        if self.kind == SAMPLE_AES_AAC:
            return True
        return self.kind in SAMPLE_AES_DOLBY and self.descriptors[:1] == bytes([PRIVATE_DATA_INDICATOR])


def locked_streams(file: IO[bytes]) -> list[Stream]:
    """Those with Sample-AES, and those of which most packets are scrambled; none if it is no such file."""
    file.seek(0)
    packets = list(_packets(file.read(LOOK_BYTES)))
    streams = {stream.pid: stream for stream in _streams(packets)}
    scrambled: dict[int, list[bool]] = {pid: [] for pid in streams}
    for packet in packets:
        if (pid := _pid(packet)) in scrambled and packet[3] & HAS_PAYLOAD:
            scrambled[pid].append(bool(packet[3] & SCRAMBLED))
    return [
        stream
        for pid, stream in streams.items()
        if stream.is_sample_aes or sum(scrambled[pid]) > SCRAMBLED_SHARE * len(scrambled[pid])
    ]


def _packets(data: bytes) -> Iterator[bytes]:
    """Packets from the file's begin on; none if it is no transport stream."""
    for prefix in PREFIXES:
        step = PACKET + prefix
        places = range(prefix, len(data) - PACKET + 1, step)
        if len(places) > 2 and all(data[at] == SYNC for at in places[:5]):
            yield from (data[at : at + PACKET] for at in places if data[at] == SYNC)
            return


def _pid(packet: bytes) -> int:
    return int.from_bytes(packet[1:3]) & 0x1FFF


def _streams(packets: list[bytes]) -> Iterator[Stream]:
    """The streams in the first map table of each program that the first association table names."""
    associations = (_table(packet, PAT_TABLE) for packet in packets if _pid(packet) == PAT_PID)
    programs = next(filter(None, associations), b"")
    pids = {
        int.from_bytes(programs[at + 2 : at + 4]) & 0x1FFF
        for at in range(8, len(programs) - CRC_BYTES - 3, 4)
        if programs[at : at + 2] != b"\0\0"
    }
    maps: dict[int, bytes] = {}
    for packet in packets:
        if (pid := _pid(packet)) in pids and not maps.get(pid):
            maps[pid] = _table(packet, PMT_TABLE)
    for table in maps.values():
        yield from _mapped(table)


def _mapped(table: bytes) -> Iterator[Stream]:
    if len(table) < 12:
        return
    at = 12 + (int.from_bytes(table[10:12]) & 0xFFF)
    while at + 5 <= len(table) - CRC_BYTES:
        length = int.from_bytes(table[at + 3 : at + 5]) & 0xFFF
        pid = int.from_bytes(table[at + 1 : at + 3]) & 0x1FFF
        yield Stream(table[at], pid, table[at + 5 : at + 5 + length])
        at += 5 + length


def _table(packet: bytes, table_id: int) -> bytes:
    """A table that begins in the packet, as far as it is in it; empty if there is none with this id."""
    if len(packet) < PACKET or not packet[1] & 0x40:
        return b""
    at = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
    if at >= PACKET:
        return b""
    at += 1 + packet[at]
    table = packet[at:]
    if len(table) < 3 or table[0] != table_id:
        return b""
    return table[: 3 + (int.from_bytes(table[1:3]) & 0xFFF)]
