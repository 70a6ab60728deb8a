"""Malicious and misleading media files."""

import struct
import zlib
from pathlib import Path


def playlist(at: Path, target: str) -> Path:
    """An HLS playlist that names `target`, a path or a URL."""
    at.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{target}\n#EXT-X-ENDLIST\n")
    return at


def concat_script(at: Path, target: str) -> Path:
    at.write_text(f"ffconcat version 1.0\nfile {target}\n")
    return at


def dash_manifest(at: Path, target: str) -> Path:
    at.write_text(
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT10S"><Period><AdaptationSet mimeType="audio/mp4">'
        f'<Representation id="1" bandwidth="1"><BaseURL>{target}</BaseURL></Representation>'
        "</AdaptationSet></Period></MPD>"
    )
    return at


def session_description(at: Path, port: int) -> Path:
    at.write_text(
        f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0\n"
    )
    return at


def mov_with_external_audio(at: Path, valid: Path, target: Path) -> Path:
    """A MOV of silence whose data references point to another file."""
    location = f"file://{target}".encode() + b"\0"
    inside = struct.pack(">I4sI", 12, b"url ", 1)
    outside = struct.pack(">I4sI", 12 + len(location), b"url ", 0) + location
    whole = valid.read_bytes()
    start = whole.index(b"mdat") + 4
    (size,) = struct.unpack_from(">I", whole, start - 8)
    hollow = whole[:start] + bytes(size - 8) + whole[start + size - 8 :]
    at.write_bytes(_with_grown_boxes(hollow, inside, outside))
    return at


def _with_grown_boxes(box: bytes, old: bytes, new: bytes) -> bytes:
    """Replaces `old` inside nested boxes and corrects the sizes of the enclosing ones."""
    grown, position = b"", 0
    while position + 8 <= len(box):
        (size,) = struct.unpack_from(">I", box, position)
        kind, body = box[position + 4 : position + 8], box[position + 8 : position + size]
        if kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
            body = _with_grown_boxes(body, old, new)
        elif kind == b"dref":
            body = body.replace(old, new)
        grown += struct.pack(">I4s", len(body) + 8, kind) + body
        position += size
    return grown


def endless_wav(at: Path, hours: float, sample_rate: int = 8_000) -> Path:
    """Hours of 16-bit silence as a sparse file."""
    data = int(hours * 3600) * sample_rate * 2
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        data + 36,
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        sample_rate,
        sample_rate * 2,
        2,
        16,
        b"data",
        data,
    )
    at.write_bytes(header)
    with at.open("r+b") as file:
        file.truncate(data + 44)
    return at


def wav_of_no_samples(at: Path) -> Path:
    return endless_wav(at, 0)


def wav_claiming(at: Path, *, sample_rate: int = 8_000, channels: int = 1) -> Path:
    """A second of silence with the given sample rate and channels in its header."""
    at.write_bytes(
        struct.pack(
            "<4sI4s4sIHHIIHH4sI",
            b"RIFF",
            16_036,
            b"WAVE",
            b"fmt ",
            16,
            1,
            channels,
            sample_rate,
            0xFFFFFFFF,
            2,
            16,
            b"data",
            16_000,
        )
        + bytes(16_000)
    )
    return at


def with_mp4_durations(at: Path, valid: Path, ticks: int) -> Path:
    """A copy of an MP4 with other durations in `mvhd`, `tkhd` and `mdhd`."""
    whole = bytearray(valid.read_bytes())
    for kind, offset in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        position = whole.find(kind)
        while position >= 0:
            struct.pack_into(">I", whole, position + offset, ticks)
            position = whole.find(kind, position + 1)
    at.write_bytes(whole)
    return at


def png(at: Path) -> Path:
    """One grey pixel."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    at.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b"\0\x80"))
        + chunk(b"IEND", b"")
    )
    return at


def with_many_tracks(at: Path, count: int) -> Path:
    """A Matroska file (RFC 9559) that consists of track entries."""

    def element(name: str, body: bytes) -> bytes:
        return bytes.fromhex(name) + (len(body) | 1 << 56).to_bytes(8, "big") + body

    codec = element("86", b"A_PCM/INT/LIT") + element("83", b"\x02")
    tracks = b"".join(
        element("ae", element("d7", n.to_bytes(4, "big")) + element("73c5", n.to_bytes(4, "big")) + codec)
        for n in range(1, count + 1)
    )
    header = element("1a45dfa3", element("4282", b"matroska"))
    at.write_bytes(header + element("18538067", element("1654ae6b", tracks)))
    return at


def with_compressed_index(at: Path, claimed: int, real: int) -> Path:
    """A MOV with a compressed index (QuickTime's `cmov`): some KiB that inflate to `real` zero bytes."""

    def box(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I4s", len(body) + 8, kind) + body

    squeezed = struct.pack(">I", claimed) + zlib.compress(bytes(real), 9)
    index = box(b"cmov", box(b"dcom", b"zlib") + box(b"cmvd", squeezed))
    at.write_bytes(box(b"ftyp", b"qt  \0\0\0\0qt  ") + box(b"moov", index) + box(b"mdat", bytes(1000)))
    return at


def with_huge_cover(at: Path, valid: Path, size: int) -> Path:
    """An MP3 with a picture of `size` bytes in its ID3v2.3 tag."""
    picture = b"\0image/png\0\x03\0" + b"\x89PNG\r\n\x1a\n" + bytes(size)
    frame = b"APIC" + struct.pack(">IH", len(picture), 0) + picture
    sevens = bytes((len(frame) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    at.write_bytes(b"ID3\x03\0\0" + sevens + frame + valid.read_bytes())
    return at
