"""Levels that ffmpeg prints, as peaks."""

from collections.abc import AsyncIterator

import pytest

from converter_service.media.ffmpeg.peaks import read_levels

LOW, HIGH = b"lavfi.astats.Overall.Min_level=", b"lavfi.astats.Overall.Max_level="


async def lines(*each: bytes) -> AsyncIterator[bytes]:
    for line in each:
        yield line


async def test_each_frame_is_a_pixel_of_its_lowest_and_highest_sample() -> None:
    printed = lines(b"frame:0", LOW + b"-1.000", HIGH + b"0.5", b"frame:1", LOW + b"0.0", HIGH + b"0.0")
    assert bytes(await read_levels(printed, most=2)) == bytes((129, 64, 0, 0))


async def test_more_pixels_than_the_audio_has_are_an_error() -> None:
    with pytest.raises(ValueError, match="too many"):
        await read_levels(lines(*[LOW + b"0", HIGH + b"0"] * 4), most=3)


@pytest.mark.parametrize("printed", [(HIGH + b"0.5",), (LOW + b"nothing",)])
async def test_a_pixel_without_both_levels_is_an_error(printed: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match=r"levels are missing|could not convert"):
        await read_levels(lines(*printed), most=3)
