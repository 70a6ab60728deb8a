"""Recordings of broadcasts whose sound moves to another PID or stream identifier."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.media import Media

PACKET, NULL_PACKET = 188, b"\x47\x1f\xff\x10" + b"\xff" * 184
# Of the map table: ours, and that of Blu-ray.
MAP_PIDS, PICTURE_PID = (0x1234, 0x100), 0x110
PICTURE = ("-f", "lavfi", "-i", "testsrc=size=64x36:rate=25:duration=3")
SECONDS = 3.0


@dataclass(frozen=True)
class Programme:
    """Tones of so many seconds, one on each PID, after a leap of the timestamps."""

    tones: tuple[tuple[int, int], ...]
    codec: str = "mp2"
    leap_s: float = 0.0
    languages: tuple[str, ...] = ()
    has_picture: bool = True

    def write(self, media: Media, at_s: float, *settings: str) -> bytes:
        inputs = [*PICTURE] if self.has_picture else []
        maps = (
            ["-map", "0", "-c:v", "mpeg2video", "-streamid", f"0:{PICTURE_PID}"] if self.has_picture else []
        )
        for place, (hz, pid) in enumerate(self.tones, int(self.has_picture)):
            inputs += ["-f", "lavfi", "-i", f"sine=f={hz}:d={SECONDS}:r=48000"]
            maps += ["-map", str(place), "-streamid", f"{place}:{pid}"]
        for place, language in enumerate(self.languages):
            maps += [f"-metadata:s:a:{place}", f"language={language}"]
        clock = ["-muxdelay", "0", "-muxpreload", "0", "-output_ts_offset", f"{at_s:.6f}"]
        tables = ["-mpegts_pmt_start_pid", str(MAP_PIDS[0]), *settings]
        return media.made([*inputs, *maps, "-c:a", self.codec, *clock, *tables], "ts").read_bytes()


def broadcast(
    media: Media, path: Path, programmes: Sequence[Programme], *settings: str, padding: int = 0
) -> Path:
    """The programmes one after the other, each with the next version of the map table; `padding` are empty
    packets in between.
    """
    at_s, parts = 0.0, []
    for version, programme in enumerate(programmes):
        at_s += programme.leap_s
        parts.append(with_version(programme.write(media, at_s, *settings), version))
        at_s += SECONDS
    path.write_bytes((NULL_PACKET * padding).join(parts))
    return path


def with_version(stream: bytes, version: int) -> bytes:
    """A transport stream whose map tables have this version."""
    step = 192 if stream[4] == 0x47 != stream[0] else PACKET
    changed = bytearray(stream)
    for at in range(step - PACKET, len(changed), step):
        head = int.from_bytes(changed[at + 1 : at + 3])
        if head & 0x1FFF in MAP_PIDS and head & 0x4000:
            table = at + 5 + changed[at + 4]
            end = table + 3 + (int.from_bytes(changed[table + 1 : table + 3]) & 0xFFF)
            changed[table + 5] = changed[table + 5] & 0xC1 | version << 1
            changed[end - 4 : end] = struct.pack(">I", crc(changed[table : end - 4]))
    return bytes(changed)


def crc(section: bytearray) -> int:
    """CRC-32/MPEG-2, bit by bit."""
    value = 0xFFFFFFFF
    for byte in section:
        for bit in range(7, -1, -1):
            top = (value >> 31) ^ (byte >> bit & 1)
            value = (value << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if top else 0)
    return value


def program_stream(
    media: Media, path: Path, codec: str, parts: Sequence[tuple[int, int]], leap_s: float = 0.0
) -> Path:
    """A tone after the other, each under its identifier: of the stream, or of the substream."""
    written = []
    for place, (hz, name) in enumerate(parts):
        tone = ["-f", "lavfi", "-i", f"sine=f={hz}:d={SECONDS}:r=48000"]
        clock = ["-output_ts_offset", f"{1 + place * (SECONDS + leap_s):.6f}"]
        codecs = ["-c:v", "mpeg2video", "-c:a", codec, "-f", "vob"]
        stream = media.made([*PICTURE, *tone, *codecs, *clock], "mpg").read_bytes()
        written.append(with_name(stream, name))
    path.write_bytes(b"".join(written))
    return path


def with_name(stream: bytes, name: int) -> bytes:
    """A program stream whose sound has this identifier."""
    changed, at = bytearray(stream), 0
    own = (b"\0\0\1\xc0", b"\0\0\1\xbd")
    while at + 6 < len(changed):
        kind = changed[at + 3]
        if changed[at : at + 4] in own:
            changed[at + 3 if kind == 0xC0 else at + 9 + changed[at + 8]] = name
        if kind == 0xBA:
            at += 14 + (changed[at + 13] & 7)
        elif kind == 0xB9:
            at += 4
        else:
            at += 6 + int.from_bytes(changed[at + 4 : at + 6])
    return bytes(changed)
