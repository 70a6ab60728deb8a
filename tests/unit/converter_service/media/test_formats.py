"""The tables of formats and containers."""

import pytest

from converter_service.media.containers import CONTAINERS, find_container
from converter_service.media.formats import FORMATS, MP3

# Demuxers that open other files, devices or programs if a file refers to them.
REACHING = {
    "hls",
    "dash",
    "concat",
    "concatf",
    "image2",
    "image2pipe",
    "sdp",
    "rtsp",
    "rtp",
    "lavfi",
    "tty",
    "imf",
}


def test_no_accepted_container_can_name_another_file() -> None:
    assert not REACHING & set(CONTAINERS)


def test_a_container_is_found_by_any_of_ffprobes_aliases() -> None:
    found = find_container("mov,mp4,m4a,3gp,3g2,mj2")
    assert found is not None
    assert found.name == "mp4"
    assert find_container("hls") is None


@pytest.mark.parametrize(
    ("source_hz", "bitrate_bps", "written_hz"),
    [
        (44_100, 192_000, 44_100),
        (96_000, 192_000, 48_000),
        (8_000, 192_000, 32_000),
        (8_000, 64_000, 8_000),
        (7_350, None, 8_000),
        (22_050, 160_000, 22_050),
    ],
)
def test_an_mp3_gets_the_lowest_rate_that_loses_nothing_and_carries_the_bit_rate(
    source_hz: int, bitrate_bps: int | None, written_hz: int
) -> None:
    assert MP3.sample_rate_for(source_hz, bitrate_bps) == written_hz


def test_sample_rates_and_bit_rate_limits_ascend() -> None:
    for form in FORMATS.values():
        assert list(form.sample_rates_hz) == sorted(form.sample_rates_hz)
        assert list(form.bitrate_limits) == sorted(form.bitrate_limits, key=lambda limit: limit.up_to_hz)
