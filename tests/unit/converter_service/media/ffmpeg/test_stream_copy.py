"""Which jobs are stream copies, and when a copy meets the request."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.stream_copy import may_be_copied, meets_request, muxer_options
from converter_service.media.media_info import AudioTrack, MediaInfo
from converter_service.media.option_parser import parse

MP3 = AudioTrack(index=0, stream=1, codec="mp3", channels=2, sample_rate=44_100)


def job(track: AudioTrack = MP3, duration_s: float | None = 60.0, /, **fields: str) -> TranscodeJob:
    info = MediaInfo(container="mkv", duration_s=duration_s, audio_tracks=(track,))
    return TranscodeJob(source=Path("s"), info=info, track=track, options=parse(fields), target=Path("t"))


@pytest.mark.parametrize(
    "fields",
    [{}, {"bitrate": "128k"}, {"channels": "2"}, {"sample_rate": "44100"}, {"cover": "auto", "title": "x"}],
)
def test_audio_that_is_what_is_requested_may_be_copied(fields: dict[str, str]) -> None:
    assert may_be_copied(job(**fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"format": "opus"},
        {"quality": "2"},
        {"loudness": "-16"},
        {"start": "1"},
        {"end": "5"},
        {"channels": "1"},
        {"sample_rate": "48000"},
    ],
)
def test_changed_audio_is_encoded(fields: dict[str, str]) -> None:
    assert not may_be_copied(job(**fields))


@pytest.mark.parametrize(
    "track", [replace(MP3, channels=6), replace(MP3, sample_rate=7_350), replace(MP3, start_s=1.5)]
)
def test_codecs_that_the_format_does_not_support_are_not_copied(track: AudioTrack) -> None:
    assert not may_be_copied(job(track))


def test_audio_of_unknown_length_is_not_copied() -> None:
    assert not may_be_copied(job(MP3, None))


@pytest.mark.parametrize(
    ("fields", "bitrate_bps", "fits"),
    [
        ({}, 128_000, True),
        ({}, 200_000, True),
        ({}, 256_000, False),
        ({"bitrate": "128k"}, 130_000, True),
        ({"bitrate": "128k"}, 96_000, False),
        ({"bitrate": "128k"}, 160_000, False),
    ],
)
def test_the_default_bit_rate_is_a_ceiling_and_one_that_was_requested_is_met(
    fields: dict[str, str], bitrate_bps: int, fits: bool
) -> None:
    assert meets_request(job(**fields), 60.0, bitrate_bps) is fits


def test_lossless_audio_needs_no_bit_rate() -> None:
    flac = replace(MP3, codec="flac")
    assert meets_request(job(flac, format="flac"), 60.0, 3_000_000)


@pytest.mark.parametrize("made_s", [59.0, 61.0])
def test_a_copy_of_another_length_is_refused(made_s: float) -> None:
    assert not meets_request(job(), made_s, 128_000)


def test_an_mp3_from_matroska_gets_no_header_with_a_false_delay() -> None:
    assert muxer_options(job()) == {"write_xing": "0"}
    assert muxer_options(job(replace(MP3, codec="opus"), format="opus")) == {}
