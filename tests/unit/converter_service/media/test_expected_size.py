"""The expected size of a result."""

import pytest
from msgspec.structs import replace

from converter_service.media.expected_size import expected_bytes
from converter_service.media.media_info import AudioTrack, MediaInfo
from converter_service.media.option_parser import parse

MUSIC = AudioTrack(index=0, stream=0, codec="aac", channels=2, sample_rate=44_100)
MINUTE = MediaInfo(container="mp4", duration_s=60.0, audio_tracks=(MUSIC,))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, 60 * 24_000),
        ({"bitrate": "128k"}, 60 * 16_000),
        ({"start": "30"}, 30 * 24_000),
        ({"end": "90"}, 60 * 24_000),
        ({"start": "70"}, 0),
        ({"format": "wav"}, 60 * 44_100 * 4),
        ({"format": "wav", "channels": "1", "sample_rate": "8000"}, 60 * 8_000 * 2),
        ({"format": "flac"}, 60 * 44_100 * 2),
    ],
    ids=str,
)
def test_it_is_the_product_of_time_and_rate(fields: dict[str, str], expected: int) -> None:
    assert expected_bytes(MINUTE, MUSIC, parse(fields)) == expected


def test_sources_of_24_bits_become_larger_files() -> None:
    wide = replace(MUSIC, bits=24)
    assert expected_bytes(MINUTE, wide, parse({"format": "wav"})) == 60 * 44_100 * 6


def test_nothing_is_expected_of_sources_that_declare_no_length_or_no_track() -> None:
    assert expected_bytes(replace(MINUTE, duration_s=None), MUSIC, parse({})) == 0
    assert expected_bytes(replace(MINUTE, is_estimated=True), MUSIC, parse({})) == 0
    assert expected_bytes(MINUTE, None, parse({})) == 0
