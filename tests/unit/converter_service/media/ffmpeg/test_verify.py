"""The completeness check of results."""

import pytest
from msgspec.structs import replace

from converter_service.media.ffmpeg.job import expected_s
from converter_service.media.ffmpeg.packets import SourceExtent
from converter_service.media.ffmpeg.verify import (
    Verdict,
    excess_s,
    has_expected_length,
    tolerance_s,
    verdict,
)
from converter_service.media.ffmpeg.window import Window
from converter_service.media.media_info import AudioTrack, MediaInfo
from converter_service.media.option_parser import parse

ALL = Window(0.0, 1e9)


def track(duration_s: float | None = None, start_s: float = 0.0) -> AudioTrack:
    return AudioTrack(
        index=0, stream=1, codec="aac", channels=2, sample_rate=48_000, start_s=start_s, duration_s=duration_s
    )


def info(duration_s: float | None, *, own: bool = True, estimated: bool = False) -> MediaInfo:
    return MediaInfo(
        container="x",
        duration_s=duration_s,
        audio_tracks=(track(),),
        has_own_duration=own,
        is_estimated=estimated,
    )


def judged(made_s: float, extent: SourceExtent, source: MediaInfo, *, complained: bool = False) -> Verdict:
    return verdict(made_s, source, track(), extent, ALL, complained=complained)


def test_a_file_of_its_declared_length_is_complete() -> None:
    assert judged(60.0, SourceExtent(0, 60, 60, 60), info(60.0)) is Verdict.WHOLE


def test_audio_may_end_before_the_video_does() -> None:
    assert judged(40.0, SourceExtent(0, 40, 40, 60), info(60.0)) is Verdict.WHOLE


def test_a_file_that_ends_early_is_truncated() -> None:
    assert judged(40.0, SourceExtent(0, 40, 40, 40), info(60.0)) is Verdict.CUT_OFF


@pytest.mark.parametrize(("picture_s", "expected"), [(40.0, Verdict.WHOLE), (60.0, Verdict.CUT_OFF)])
def test_what_is_declared_beyond_the_least_duration_is_no_promise(
    picture_s: float, expected: Verdict
) -> None:
    source = replace(info(60.0), least_s=picture_s)
    assert judged(40.0, SourceExtent(0, 40, 40, 40), source) is expected


def test_a_file_without_a_declared_length_is_never_truncated() -> None:
    assert judged(40.0, SourceExtent(0, 40, 40, 40), info(60.0, own=False)) is Verdict.WHOLE


def test_a_track_that_ends_early_with_an_error_is_truncated() -> None:
    extent = SourceExtent(0, 40, 40, 60)
    assert verdict(40.0, info(60.0), track(60.0), extent, ALL, complained=True) is Verdict.CUT_OFF
    assert verdict(40.0, info(60.0), track(60.0), extent, ALL, complained=False) is Verdict.WHOLE


def test_less_sound_than_packets_is_damage_when_the_decoder_complained() -> None:
    extent = SourceExtent(0, 60, 60, 60)
    assert judged(30.0, extent, info(60.0), complained=True) is Verdict.DAMAGED
    assert judged(30.0, extent, info(60.0)) is Verdict.WHOLE


def test_timestamp_jumps_of_a_stream_are_no_gap() -> None:
    assert judged(40.0, SourceExtent(0, 90_000, 40, 90_000), info(None, own=False)) is Verdict.WHOLE


def test_a_file_may_be_truncated_after_the_requested_part() -> None:
    window = Window(5.0, 20.0)
    cut = SourceExtent(0, 40, 15, 40)
    assert verdict(15.0, info(60.0), track(), cut, window, complained=True) is Verdict.WHOLE


def test_the_expected_length_is_the_declared_one_within_the_requested_part() -> None:
    assert expected_s(info(60.0), track(50.0), ALL) == 50.0
    assert expected_s(info(60.0), track(None), ALL) == 60.0
    assert expected_s(info(60.0), track(50.0, start_s=10.0), Window(5.0, 20.0)) == 10.0
    assert expected_s(info(60.0), track(50.0), Window.of(parse({"start": "55"}))) == 0.0
    assert expected_s(info(60.0), track(None, start_s=10.0), ALL) == 50.0
    assert expected_s(info(None), track(None), ALL) is None
    assert expected_s(info(60.0, estimated=True), track(None), ALL) is None


def test_only_audio_of_the_expected_length_passes_without_a_packet_list() -> None:
    assert has_expected_length(59.9, 60.0)
    assert has_expected_length(60.1, 60.0)
    assert not has_expected_length(61.0, 60.0)
    assert not has_expected_length(59.0, 60.0)
    assert not has_expected_length(0.0, 0.0)
    assert not has_expected_length(59.0, None)


def test_more_sound_than_packets_time_line_and_declared_duration_is_an_excess() -> None:
    extent = SourceExtent(0, 60, 50, 60)
    assert excess_s(100.0, 60.0, extent, ALL) == 40.0
    assert excess_s(100.0, None, extent, ALL) == 40.0
    assert excess_s(61.0, 60.0, extent, ALL) == 0.0
    assert excess_s(100.0, 100.0, extent, ALL) == 0.0
    # Overlapping packets.
    assert excess_s(100.0, None, SourceExtent(0, 60, 100, 60), ALL) == 0.0
    assert excess_s(20.0, 10.0, SourceExtent(0, 60, 10, 60), Window(10.0, 20.0)) == 10.0


def test_rounded_durations_of_many_short_packets_are_no_excess() -> None:
    assert excess_s(5.0, 4.2, SourceExtent(0, 4.2, 3.75, 4.2), ALL) > 0.0
    assert excess_s(5.0, 4.2, SourceExtent(0, 4.2, 3.75, 4.2, rounding_s=3.75), ALL) == 0.0


def test_packets_without_durations_do_not_tell_an_excess() -> None:
    assert excess_s(100.0, None, SourceExtent(0, 1, 1, 1, is_timed=False), ALL) == 0.0


@pytest.mark.parametrize(
    ("duration_s", "most_s"), [(1, 0.121), (10, 0.31), (60, 1.16), (600, 1.7), (36_000, 37.1)]
)
def test_the_tolerance_grows_slowly_with_the_length(duration_s: float, most_s: float) -> None:
    assert tolerance_s(duration_s) == pytest.approx(most_s, abs=0.01)
