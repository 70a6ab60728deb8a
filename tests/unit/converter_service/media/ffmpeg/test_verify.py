"""The completeness check of results."""

import json

import pytest

from converter_service.media.ffmpeg.job import expected_s
from converter_service.media.ffmpeg.packets import PacketTotals, SourceExtent
from converter_service.media.ffmpeg.result import verify_audio
from converter_service.media.ffmpeg.verify import Verdict, is_unremarkable, tolerance_s, verdict
from converter_service.media.ffmpeg.window import Window
from converter_service.media.formats import FLAC, MP3
from converter_service.media.options import parse
from converter_service.media.transcoder import AudioTrack, MediaInfo

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


def test_a_file_that_ends_where_it_says_is_whole() -> None:
    assert judged(60.0, SourceExtent(0, 60, 60, 60), info(60.0)) is Verdict.WHOLE


def test_audio_may_end_before_the_video_does() -> None:
    assert judged(40.0, SourceExtent(0, 40, 40, 60), info(60.0)) is Verdict.WHOLE


def test_a_file_that_ends_early_is_cut_off() -> None:
    assert judged(40.0, SourceExtent(0, 40, 40, 40), info(60.0)) is Verdict.CUT_OFF


def test_a_file_without_a_length_of_its_own_cannot_be_cut_off() -> None:
    assert judged(40.0, SourceExtent(0, 40, 40, 40), info(60.0, own=False)) is Verdict.WHOLE


def test_a_track_that_ends_early_with_a_fault_is_cut_off() -> None:
    extent = SourceExtent(0, 40, 40, 60)
    assert verdict(40.0, info(60.0), track(60.0), extent, ALL, complained=True) is Verdict.CUT_OFF
    assert verdict(40.0, info(60.0), track(60.0), extent, ALL, complained=False) is Verdict.WHOLE


def test_less_sound_than_packets_is_damage_when_the_decoder_complained_and_gaps_when_not() -> None:
    extent = SourceExtent(0, 60, 60, 60)
    assert judged(30.0, extent, info(60.0), complained=True) is Verdict.DAMAGED
    assert judged(30.0, extent, info(60.0)) is Verdict.GAPS


def test_leaping_timestamps_of_a_stream_are_no_gap() -> None:
    assert judged(40.0, SourceExtent(0, 90_000, 40, 90_000), info(None, own=False)) is Verdict.WHOLE


def test_a_file_may_be_cut_off_behind_the_part_that_was_requested() -> None:
    window = Window(5.0, 20.0)
    cut = SourceExtent(0, 40, 40, 40)
    assert verdict(15.0, info(60.0), track(), cut, window, complained=True) is Verdict.WHOLE


def test_what_is_expected_is_what_the_track_declares_within_what_was_requested() -> None:
    assert expected_s(info(60.0), track(50.0), ALL) == 50.0
    assert expected_s(info(60.0), track(None), ALL) == 60.0
    assert expected_s(info(60.0), track(50.0, start_s=10.0), Window(5.0, 20.0)) == 10.0
    assert expected_s(info(60.0), track(50.0), Window.of(parse({"start": "55"}))) == 0.0
    assert expected_s(info(None), track(None), ALL) is None
    assert expected_s(info(60.0, estimated=True), track(None), ALL) is None


def test_only_sound_of_the_expected_length_is_unremarkable() -> None:
    assert is_unremarkable(59.9, 60.0)
    assert is_unremarkable(61.0, 60.0)
    assert not is_unremarkable(59.0, 60.0)
    assert not is_unremarkable(0.0, 0.0)
    assert not is_unremarkable(59.0, None)


@pytest.mark.parametrize(
    ("duration_s", "most_s"), [(1, 0.121), (10, 0.31), (60, 1.16), (600, 1.7), (36_000, 37.1)]
)
def test_what_may_be_missing_grows_slowly(duration_s: float, most_s: float) -> None:
    assert tolerance_s(duration_s) == pytest.approx(most_s, abs=0.01)


def test_packets_are_added_up_from_the_files_own_start() -> None:
    totals = PacketTotals(1, 10.0)
    totals.add([b"0,10.0,0.04,K__", b"1,10.5,0.5,K_", b"1,11.0,0.5,K_", b"0,14.0,0.04,__", b"", b"garbage"])
    assert totals.extent == SourceExtent(0.5, 1.5, 1.0, 4.04)


def test_packets_to_be_discarded_and_packets_without_a_time_move_no_end() -> None:
    totals = PacketTotals(1, 0.0)
    totals.add([b"1,-0.02,0.02,KD", b"1,0.0,0.02,K_", b"1,N/A,N/A,K_", b"1,nan,0.02,K_"])
    assert totals.extent.audio_end_s == 0.02


def counted(**stream: str) -> bytes:
    usual = {"codec_type": "audio", "codec_name": "mp3", "sample_rate": "48000", "bit_rate": "192000"}
    return json.dumps({"streams": [{**usual, **stream}]}).encode()


def decoded(seconds: float) -> bytes:
    return b"out_time_us=N/A\nprogress=continue\nout_time_us=%d\nprogress=end\n" % int(seconds * 1e6)


def test_a_short_mp3_is_as_long_as_it_decodes() -> None:
    sound = verify_audio(counted(duration="2.04", nb_read_packets="85"), decoded(2.0), MP3, 60.0)
    assert (sound.seconds, sound.bitrate_bps) == (2.0, 192_000)


def test_a_long_mp3_is_as_long_as_its_frames() -> None:
    sound = verify_audio(counted(duration="600.024", nb_read_packets="25001"), decoded(60.0), MP3, 60.0)
    assert sound.seconds == 600.024


@pytest.mark.parametrize(
    ("stream", "seconds"),
    [
        pytest.param({"duration": "600.024", "nb_read_packets": "20000"}, 60.0, id="frames are missing"),
        pytest.param({"duration": "600.024", "nb_read_packets": "25001"}, 30.0, id="it stops decoding"),
        pytest.param({"duration": "2.04", "nb_read_packets": "85", "codec_name": "mp2"}, 2.0, id="no mp3"),
        pytest.param(
            {"duration": "2.04", "nb_read_packets": "85", "codec_type": "video"}, 2.0, id="no audio"
        ),
        pytest.param({"duration": "N/A", "nb_read_packets": "85"}, 2.0, id="no duration"),
    ],
)
def test_a_result_that_contradicts_itself_is_refused(stream: dict[str, str], seconds: float) -> None:
    with pytest.raises(ValueError, match=r".+"):
        verify_audio(counted(**stream), decoded(seconds), MP3, 60.0)


def test_a_flac_is_as_long_as_it_decodes() -> None:
    flac = counted(codec_name="flac", duration="5.0", nb_read_packets="54", bit_rate="N/A")
    assert verify_audio(flac, decoded(5.0), FLAC, None).seconds == 5.0
    with pytest.raises(ValueError, match="decodes"):
        verify_audio(flac, decoded(4.0), FLAC, None)
