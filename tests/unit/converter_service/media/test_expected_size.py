"""The expected size of a result."""

import pytest
from msgspec.structs import replace

from converter_service.media.expected_size import expected_bytes, expected_seconds
from converter_service.media.expected_work import PLAIN, expected_processor_s
from converter_service.media.media_info import AudioTrack, MediaInfo, Picture
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
    assert expected_bytes(MINUTE, MUSIC, parse(fields), 1000) == expected


def test_sources_of_24_bits_become_larger_files() -> None:
    wide = replace(MUSIC, bits=24)
    assert expected_bytes(MINUTE, wide, parse({"format": "wav"}), 1000) == 60 * 44_100 * 6


def test_nothing_is_expected_without_a_track() -> None:
    assert expected_bytes(MINUTE, None, parse({}), 1000) == 0


def test_of_sources_that_declare_no_length_the_size_decides() -> None:
    """Otherwise nothing would be reserved for a recording that was written to a pipe."""
    unknown, minute = replace(MINUTE, duration_s=None), 64_000 // 8 * 60
    assert expected_bytes(unknown, MUSIC, parse({}), minute) == 60 * 24_000
    assert expected_processor_s(unknown, parse({}), minute) == pytest.approx(60 * PLAIN)
    assert expected_seconds(unknown, parse({"start": "20", "end": "50"}), minute) == 30


def test_a_video_that_declares_no_length_is_not_taken_for_hours_of_sound() -> None:
    video = replace(MINUTE, duration_s=None, pictures=(Picture(stream=1, codec="h264"),))
    assert expected_seconds(video, parse({}), 1_000_000 // 8 * 60) == 60
    cover = replace(MINUTE, duration_s=None, pictures=(Picture(stream=1, codec="png", is_attached=True),))
    assert expected_seconds(cover, parse({}), 64_000 // 8 * 60) == 60


def test_lossless_sound_that_declares_no_length_has_more_bits_a_second() -> None:
    flac = replace(MINUTE, duration_s=None, audio_tracks=(replace(MUSIC, codec="flac", bits=16),))
    assert expected_seconds(flac, parse({}), 400_000 // 8 * 60) == 60


def test_an_estimated_length_counts_as_far_as_the_size_allows() -> None:
    """One that is computed from the bit rate at the file's beginning may be many times too long."""
    estimated = replace(MINUTE, is_estimated=True)
    assert expected_seconds(estimated, parse({}), 10_000_000) == 60
    assert expected_seconds(estimated, parse({}), 64_000 // 8 * 20) == 20
