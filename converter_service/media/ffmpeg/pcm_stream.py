"""Uncompressed sound between programs: 32-bit floats, big endian, behind a header of Sun's AU format.

The header is the shortest one that says which sample rate and channels ffmpeg has chosen.
"""

from collections.abc import Mapping

import msgspec

CODEC, MUXER, RAW_DEMUXER = "pcm_f32be", "au", "f32be"
MAGIC, FLOAT_32 = b".snd", 6
# Magic, place of the sound, its size, encoding, sample rate and channels.
FIELDS_BYTES = 24
LARGEST_HEADER_BYTES = 4096
PIPED: Mapping[str, str] = {
    "format": RAW_DEMUXER,
    "protocol_whitelist": "pipe",
    "format_whitelist": RAW_DEMUXER,
    "codec_whitelist": CODEC,
}


class BadHeader(ValueError):
    """The decoder's output does not begin with the expected header."""


class PcmSound(msgspec.Struct, frozen=True):
    rate_hz: int
    channels: int


def parse_header(data: bytes) -> tuple[PcmSound, int] | None:
    """Returns the sound, and where it begins; None if more bytes are needed. Raises BadHeader."""
    if len(data) < FIELDS_BYTES:
        return None
    place, _, encoding, rate_hz, channels = (
        int.from_bytes(data[at : at + 4], "big") for at in range(4, FIELDS_BYTES, 4)
    )
    if data[:4] != MAGIC or encoding != FLOAT_32 or not FIELDS_BYTES <= place <= LARGEST_HEADER_BYTES:
        raise BadHeader("not 32-bit floats")
    return (PcmSound(rate_hz, channels), place) if len(data) >= place else None
