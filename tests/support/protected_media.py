"""Makes copies of media files in which chosen tracks are encrypted, or look so to a demuxer."""

import random
from collections.abc import Iterator
from itertools import islice

PACKET = 188
# Scheme `cenc` for AAC: original format, scheme type, and an initialisation vector of eight bytes.
SINF = bytes.fromhex(
    "00000050 73696e66"
    "0000000c 66726d61 6d703461"
    "00000014 7363686d 00000000 63656e63 00010000"
    "00000028 73636869"
    "00000020 74656e63 00000000 0000 01 08 a7e61c373e219033c21091fa607bf3b8"
)
# Of the boxes around a sample entry, outermost first.
AROUND = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
# The bytes of a box before its first child.
BEFORE_CHILDREN = {b"stsd": 16}
# A Name element of TrackEntry, and ContentEncodings of the same size.
TRACK_NAME = "of eighteen places"
NAME_ELEMENT = b"\x53\x6e\x92" + TRACK_NAME.encode()
LOCK_ELEMENT = bytes.fromhex("6d8092 62408f 50338101 503588 47e18105 47e28101")


def scrambled(broadcast: bytes, *pids: int) -> bytes:
    """A transport stream with these elementary streams scrambled with the even key (ETSI ETR 289)."""
    whole, chance = bytearray(broadcast), random.Random(1)
    for at in range(0, len(whole), PACKET):
        if int.from_bytes(whole[at + 1 : at + 3]) & 0x1FFF in pids and whole[at + 3] & 0x10:
            begin = at + 4 + (1 + whole[at + 4] if whole[at + 3] & 0x20 else 0)
            whole[at + 3] |= 0x80
            whole[begin : at + PACKET] = chance.randbytes(at + PACKET - begin)
    return bytes(whole)


def locked_mp4(whole: bytes, track: int, name: bytes = b"enca") -> bytes:
    """An MP4 file, its index last, in which the samples of a track are declared to be encrypted."""
    changed, at, end = bytearray(whole), 0, len(whole)
    for box in AROUND:
        place = track if box == b"trak" else 0
        at, end = next(islice(_named(changed, at, end, box), place, None))
        _grow(changed, at)
        at += BEFORE_CHILDREN.get(box, 8)
    changed[at + 4 : at + 8] = name
    size = int.from_bytes(changed[at : at + 4])
    changed[at : at + 4] = (size + len(SINF)).to_bytes(4)
    changed[at + size : at + size] = SINF
    return bytes(changed)


def locked_matroska(whole: bytes, track: int) -> bytes:
    """A Matroska file in which one of the tracks that are named TRACK_NAME is declared to be encrypted."""
    parts = whole.split(NAME_ELEMENT)
    assert len(parts) > track + 1
    marks = [LOCK_ELEMENT if place == track else NAME_ELEMENT for place in range(len(parts) - 1)]
    return b"".join(part + mark for part, mark in zip(parts, [*marks, b""], strict=True))


def _named(data: bytearray, at: int, end: int, name: bytes) -> Iterator[tuple[int, int]]:
    while at < end:
        size = int.from_bytes(data[at : at + 4])
        if data[at + 4 : at + 8] == name:
            yield at, at + size
        at += size


def _grow(data: bytearray, at: int) -> None:
    data[at : at + 4] = (int.from_bytes(data[at : at + 4]) + len(SINF)).to_bytes(4)
