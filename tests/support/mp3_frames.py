"""MP3 frames without sound, for tests: any main data, and side information that declares its length."""

from hypothesis import strategies as st

from converter_service.media.mp3.frame_header import MONO_BITS, RATES_HZ, UNPROTECTED, StreamShape
from converter_service.media.mp3.frame_reader import Frame

VERSIONS = {44_100: 0b11, 48_000: 0b11, 32_000: 0b11, 22_050: 0b10, 24_000: 0b10, 16_000: 0b10}
RATES = (44_100, 48_000, 32_000, 22_050, 24_000, 16_000, 11_025, 12_000, 8_000)


def shape_of(rate_hz: int, channels: int) -> StreamShape:
    version = VERSIONS.get(rate_hz, 0)
    rate = RATES_HZ[version].index(rate_hz)
    mode = MONO_BITS if channels == 1 else 0
    return StreamShape(0x7FF << 21 | version << 19 | 0b01 << 17 | UNPROTECTED | 1 << 12 | rate << 10 | mode)


shapes = st.builds(shape_of, st.sampled_from(RATES), st.integers(1, 2))


def frame_of(shape: StreamShape, data: bytes) -> Frame:
    """A frame whose granules and channels share `data`, as far as the fields of their lengths go."""
    side, rest = 0, 8 * len(data)
    for shift in shape.length_shifts:
        part = min(rest, 0xFFF)
        side, rest = side | part << shift, rest - part
    if rest:
        raise ValueError("more main data than a frame can declare")
    return Frame((shape.bits & ~0xF200) << 8 * shape.side_bytes | side, data)


def most_data_bytes(shape: StreamShape) -> int:
    return len(shape.length_shifts) * 0xFFF // 8
