"""ID3 tags of every version, built byte by byte as old and careful programs do (id3.org)."""

import random
import struct

# Title, artist, album and picture.
FRAMES = {
    2: (b"TT2", b"TP1", b"TAL", b"PIC"),
    3: (b"TIT2", b"TPE1", b"TALB", b"APIC"),
    4: (b"TIT2", b"TPE1", b"TALB", b"APIC"),
}
UNSYNCHRONISED, WITH_LENGTH = 0x80, 0x03
PADDING = 100


def id3v2(
    version: int, *texts: str, picture: bytes = b"", unsynchronised: bool = False, charset: str | None = None
) -> bytes:
    """A tag with a title, an artist and an album, as far as `texts` go; the picture stands before them.
    Texts are UTF-16, or in a `charset` that ID3 does not have and marked as Latin-1.
    """
    names = FRAMES[version]
    frames = [
        (name, b"\0" + text.encode(charset) if charset else b"\1" + text.encode("utf-16"))
        for name, text in zip(names[:3], texts, strict=False)
        if text
    ]
    if picture:
        kind = b"JPG" if version == 2 else b"image/jpeg\0"
        frames.insert(0, (names[3], b"\0" + kind + b"\3\0" + picture))
    whole = unsynchronised and version < 4
    body = b"".join(
        _frame(version, name, data, unsynchronised=unsynchronised and not whole) for name, data in frames
    )
    body = (_unsynchronised(body) if whole else body) + bytes(PADDING)
    flags = UNSYNCHRONISED if unsynchronised else 0
    return b"ID3" + bytes((version, 0, flags)) + _digits(len(body), 7, 4) + body


def id3v1(title: str, artist: str, album: str, charset: str) -> bytes:
    """A tag for the end of an MP3, in which no charset is declared."""
    texts = (text.encode(charset)[:30] for text in (title, artist, album))
    return struct.pack("3s30s30s30s4s30sB", b"TAG", *texts, b"2001", b"", 255)


def large(jpeg: bytes) -> bytes:
    """The same picture with more than a megabyte of comments."""
    chance = random.Random(5)
    comments = (b"\xff\xfe" + (60_002).to_bytes(2) + chance.randbytes(60_000) for _ in range(20))
    return jpeg[:2] + b"".join(comments) + jpeg[2:]


def _frame(version: int, name: bytes, data: bytes, *, unsynchronised: bool) -> bytes:
    if version == 2:
        return name + _digits(len(data), 8, 3) + data
    if unsynchronised:
        changed = _digits(len(data), 7, 4) + _unsynchronised(data)
        return name + _digits(len(changed), 7, 4) + bytes((0, WITH_LENGTH)) + changed
    return name + _digits(len(data), 7 if version == 4 else 8, 4) + bytes(2) + data


def _unsynchronised(data: bytes) -> bytes:
    """With a zero byte wherever the data look like the begin of an MPEG frame."""
    changed = bytearray()
    for place, byte in enumerate(data):
        changed.append(byte)
        if byte == 0xFF and (place + 1 == len(data) or data[place + 1] >= 0xE0 or not data[place + 1]):
            changed.append(0)
    return bytes(changed)


def _digits(value: int, bits: int, count: int) -> bytes:
    return bytes(value >> bits * place & ((1 << bits) - 1) for place in reversed(range(count)))
