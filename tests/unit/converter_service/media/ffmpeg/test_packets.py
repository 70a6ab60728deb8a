"""Summing up of a source's packets."""

import pytest
from msgspec.structs import replace

from converter_service.media.ffmpeg.packets import PacketTotals, SourceExtent
from converter_service.media.ffmpeg.placement import Placement
from converter_service.media.ffmpeg.window import Window
from converter_service.media.media_info import AudioTrack

ALL = Window(0.0, 1e9)


def totals(codec: str = "vorbis", window: Window = ALL, **placement: float) -> PacketTotals:
    track = AudioTrack(index=0, stream=1, codec=codec, channels=2, sample_rate=48_000)
    return PacketTotals(track, Placement(**placement), window)


def lines(*packets: tuple[float | str, float | str]) -> list[bytes]:
    return [f"audio,1,{start},{length},90,K_".encode() for start, length in packets]


def test_packets_are_added_up_from_the_files_own_start() -> None:
    adding = totals(zero_s=10.0)
    adding.add(
        [
            b"video,0,10.0,0.04,90,K__",
            b"audio,1,10.5,0.5,90,K_",
            b"audio,1,11.0,0.5,90,K_",
            b"video,0,14.0,0.04,90,__",
            b"",
            b"garbage",
        ]
    )
    assert replace(adding.extent, packet_s=0.0, size=0) == SourceExtent(0.5, 1.5, 1.0, 4.04)


def test_packets_to_be_discarded_and_packets_without_a_time_move_no_end() -> None:
    adding = totals()
    adding.add([b"audio,1,-0.02,0.02,90,KD", b"audio,1,0.0,0.02,90,K_", b"audio,1,N/A,N/A,90,K_"])
    assert adding.extent.audio_end_s == 0.02


@pytest.mark.parametrize(("lengths", "is_timed"), [("1 1 1", True), ("1 1 N/A", True), ("1 N/A N/A", False)])
def test_only_the_last_packet_may_have_no_duration(lengths: str, is_timed: bool) -> None:
    adding = totals()
    adding.add(lines(*enumerate(lengths.split())))
    assert adding.extent.is_timed == is_timed


@pytest.mark.parametrize(("length", "step"), [(0.0427, 0.0232), (0.0232, 0.0427)])
def test_where_the_sample_rate_may_change_packets_are_as_long_as_the_time_to_the_next(
    length: float, step: float
) -> None:
    track = AudioTrack(index=0, stream=1, codec="aac", channels=2, sample_rate=48_000)
    adding = PacketTotals(track, Placement(), ALL, is_changing=True)
    adding.add(lines(*((number * step, length) for number in range(100)), (100 * step + 1.5, length)))
    assert adding.extent.audio_s == pytest.approx(100 * step + length, abs=0.05)


def test_times_of_whole_milliseconds_may_be_rounded() -> None:
    rounded, exact = totals(), totals()
    rounded.add(
        [
            b"audio,1,0.000000,0.001000,90,K_",
            b"audio,1,0.001000,0.001000,90,K_",
            b"audio,1,0.003000,0.001000,90,K_",
        ]
    )
    exact.add([b"audio,1,0.000000,0.001333,90,K_", b"audio,1,0.001333,0.001333,90,K_"])
    assert (rounded.extent.rounding_s, exact.extent.rounding_s) == (0.003, 0.0)


def test_a_leap_is_not_sound_and_what_overlaps_is_put_behind() -> None:
    adding = totals()
    adding.add(lines((0.0, 1.0), (2.0, 1.0), (2.5, 1.0), (4.5, 1.0)))
    assert replace(adding.extent, packet_s=0.0, size=0) == SourceExtent(0.0, 5.5, 4.0, 5.5)


def test_a_restarted_clock_counts_on() -> None:
    adding = totals()
    adding.add(lines((20.0, 10.0), (0.0, 1.0), (2.0, 1.0)))
    assert (adding.extent.audio_end_s, adding.extent.audio_s) == (33.0, 12.0)


def test_a_long_leap_of_a_joined_recording_is_a_restart_too() -> None:
    adding = totals(restart_ahead_s=10.0)
    adding.add(lines((0.0, 1.0), (90_000.0, 1.0)))
    assert adding.extent.audio_end_s == 2.0


def test_only_sound_within_the_window_counts() -> None:
    adding = totals(window=Window(0.5, 2.5))
    adding.add(lines((0.0, 1.0), (2.0, 1.0)))
    assert adding.extent.audio_s == pytest.approx(1.0)


def test_packets_without_a_length_are_as_long_as_their_neighbours() -> None:
    adding = totals("aac")
    adding.add(lines((0.0, "N/A"), (0.02, "N/A"), (0.04, "N/A"), (1.04, "N/A")))
    assert adding.extent.audio_s == pytest.approx(0.08)


def test_packets_shorter_than_the_clocks_ticks_are_as_long_as_the_steps_between_them() -> None:
    """TrueHD in Matroska: 1/1200 s each, in milliseconds."""
    stamps = [round(n / 1200, 3) for n in range(1200)]
    adding = totals("truehd")
    adding.add(lines(*((s, "N/A") for s in (*stamps, *(2.25 + s for s in stamps)))))
    assert adding.extent.audio_s == pytest.approx(2.0, abs=0.01)
    assert adding.extent.audio_end_s == pytest.approx(3.25, abs=0.01)


def test_a_shorter_packet_where_a_joined_recording_ends_does_not_make_all_packets_short() -> None:
    track = AudioTrack(index=0, stream=1, codec="opus", channels=2, sample_rate=48_000)
    adding = PacketTotals(track, Placement(), ALL, are_joined=True)
    adding.add(lines((0.0, 0.02), (0.02, 0.006), (0.0, 0.02), (0.02, 0.02)))
    assert adding.extent.audio_s == pytest.approx(0.066)


def test_a_single_short_step_does_not_make_all_packets_short() -> None:
    adding = totals("dts")
    adding.add(lines((0.0, "N/A"), (0.001, "N/A"), (0.021, "N/A"), (0.041, "N/A"), (0.061, "N/A")))
    assert adding.extent.audio_s == pytest.approx(0.081)


def test_a_length_that_includes_a_gap_is_not_all_sound() -> None:
    adding = totals("aac")
    adding.add(lines((0.0, 0.02), (0.02, 1.02), (1.04, 0.02)))
    assert adding.extent.audio_s == pytest.approx(0.06)


def strays_s(*packets: tuple[int, float, float], has_strays: bool = False) -> float:
    """Packets by their streams, of which the first is chosen, with times and lengths."""
    track = AudioTrack(index=0, stream=1, codec="mp2", channels=2, sample_rate=48_000)
    adding = PacketTotals(track, Placement(), ALL, are_joined=True, has_strays=has_strays)
    adding.add(f"audio,{stream},{start},{length},90,K_".encode() for stream, start, length in packets)
    return adding.extent.strays_s


def test_sound_behind_the_end_of_the_chosen_track_takes_its_place() -> None:
    assert strays_s((1, 0.0, 4.0), (2, 4.0, 3.0)) == 3.0
    assert strays_s((1, 0.0, 4.0), (2, 0.0, 3.0)) == 3.0
    overlapping = ((1, 0.0, 2.0), (2, 1.0, 1.0), (1, 2.0, 2.0), (2, 4.0, 3.0))
    assert strays_s(*overlapping, has_strays=True) == 3.0


def test_sound_that_is_heard_with_the_chosen_track_does_not_take_its_place() -> None:
    assert strays_s((1, 0.0, 0.5), (2, 0.0, 0.1), (1, 0.5, 0.5), (2, 0.1, 0.9)) == pytest.approx(0.0)
    assert strays_s((1, 0.0, 0.5), (2, 0.0, 0.5), (1, 0.5, 0.5), (2, 0.5, 5.0)) == 0.0
