"""The first frame, with the tags of Xing and LAME."""

from pathlib import Path

import pytest

from converter_service.media.mp3.crc16 import crc16
from converter_service.media.mp3.errors import BadFrames
from converter_service.media.mp3.frame_count import count_frames
from converter_service.media.mp3.frame_header import StreamShape
from converter_service.media.mp3.frame_joiner import FrameJoiner
from converter_service.media.mp3.info_frame import StreamTotals
from tests.support.mp3_frames import RATES, frame_of, shape_of

SHAPE = shape_of(44_100, 2)


def described(shape: StreamShape, kbits: int | None, frames: int, samples: int) -> tuple[bytes, bytes]:
    """The first frame, and those behind it."""
    joiner, totals = FrameJoiner(shape, kbits, 0), StreamTotals(shape, kbits)
    parts = [joiner.add([frame_of(shape, b"data")] * frames), joiner.finish()]
    for part in parts:
        totals.add(part)
    return totals.frame(samples), b"".join(part.data for part in parts)


def test_the_tag_says_what_follows() -> None:
    samples = 100 * 1152 - 576 - 700
    first, rest = described(SHAPE, 128, 100, samples)
    tag = first[36:]
    assert tag[:12] == b"Info" + (15).to_bytes(4, "big") + (100).to_bytes(4, "big")
    assert int.from_bytes(tag[12:16], "big") == int.from_bytes(tag[148:152], "big") == len(first) + len(rest)
    assert int.from_bytes(tag[141:144], "big") == 576 << 12 | 700
    assert int.from_bytes(tag[152:154], "big") == crc16(rest)
    assert int.from_bytes(tag[154:156], "big") == crc16(first[:190])


def test_the_table_of_contents_is_linear_for_a_constant_rate() -> None:
    first, _ = described(SHAPE, 128, 1000, 1000 * 1152 - 2000)
    contents = first[36 + 16 : 36 + 116]
    assert all(abs(place - 2.56 * percent) <= 1.3 for percent, place in enumerate(contents))


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("kbits", [None, 32, 64])
def test_the_first_frame_holds_the_tag(
    tmp_path: Path, rate_hz: int, channels: int, kbits: int | None
) -> None:
    shape = shape_of(rate_hz, channels)
    first, rest = described(shape, kbits, 50, 50 * shape.samples - 576 - 529)
    (tmp_path / "sound.mp3").write_bytes(first + rest)
    count = count_frames(tmp_path / "sound.mp3")
    assert (count.declared, count.counted) == (50, 50)


@pytest.mark.parametrize("samples", [100 * 1152 - 576 - 528, 100 * 1152 - 576 - 4096, 0])
def test_a_length_that_does_not_fit_the_frames_is_refused(samples: int) -> None:
    with pytest.raises(BadFrames):
        described(SHAPE, 128, 100, samples)
