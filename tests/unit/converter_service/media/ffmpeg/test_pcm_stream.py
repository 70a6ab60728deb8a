"""The header of uncompressed sound."""

import pytest

from converter_service.media.ffmpeg.pcm_stream import BadHeader, PcmSound, parse_header

HEADER = b".snd" + b"".join(each.to_bytes(4, "big") for each in (32, 0xFFFF_FFFF, 6, 44_100, 2)) + bytes(8)


def test_the_header_says_rate_channels_and_where_the_sound_begins() -> None:
    assert parse_header(HEADER + b"sound") == (PcmSound(44_100, 2), 32)


@pytest.mark.parametrize("length", [0, 4, 23, 31])
def test_a_part_of_the_header_is_not_enough(length: int) -> None:
    assert parse_header(HEADER[:length]) is None


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b"RIFF" + HEADER[4:], id="another format"),
        pytest.param(HEADER[:12] + bytes([0, 0, 0, 3]) + HEADER[16:], id="16-bit samples"),
        pytest.param(HEADER[:4] + b"\x7f" + HEADER[5:], id="sound far behind"),
        pytest.param(HEADER[:4] + bytes(4) + HEADER[8:], id="sound within the header"),
    ],
)
def test_another_header_is_refused(header: bytes) -> None:
    with pytest.raises(BadHeader):
        parse_header(header)
