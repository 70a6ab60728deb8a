"""Verification of results by their frames and by decoding."""

import json
from fractions import Fraction

import pytest

from converter_service.media.ffmpeg.result import (
    Contents,
    VerifiedAudio,
    contents_of_frames,
    parse_contents,
    verify_audio,
)
from converter_service.media.formats import FLAC, MP3
from converter_service.media.mp3.frame_count import FrameCount

FRAME_S = float(Fraction(1152, 48_000))


def reported(**stream: str) -> bytes:
    usual = {"codec_type": "audio", "codec_name": "mp3", "sample_rate": "48000", "bit_rate": "192000"}
    return json.dumps({"streams": [{**usual, **stream}]}).encode()


def decoded(seconds: float) -> bytes:
    return b"out_time_us=N/A\nprogress=continue\nout_time_us=%d\nprogress=end\n" % int(seconds * 1e6)


def own(declared: int, counted: int, seconds: float) -> VerifiedAudio:
    """An MP3 that was encoded here and decodes to `seconds` within its first minute."""
    return verify_audio(
        contents_of_frames(FrameCount(declared, counted, FRAME_S, 192_000)), decoded(seconds), 60.0
    )


def test_a_short_mp3_is_as_long_as_it_decodes() -> None:
    sound = own(85, 85, 2.0)
    assert (sound.seconds, sound.bitrate_bps) == (2.0, 192_000)


def test_a_long_mp3_is_as_long_as_its_frames() -> None:
    assert own(25_001, 25_001, 60.0).seconds == pytest.approx(600.024)


def test_ffprobes_report_says_the_same_as_the_frames() -> None:
    contents = parse_contents(reported(duration="2.04", nb_read_packets="85"), MP3)
    assert contents == contents_of_frames(FrameCount(85, 85, FRAME_S, 192_000, 48_000))


@pytest.mark.parametrize(
    ("declared", "counted", "seconds"),
    [
        pytest.param(25_001, 20_000, 60.0, id="frames are missing"),
        pytest.param(20_000, 25_001, 60.0, id="there are too many frames"),
        pytest.param(25_001, 25_001, 30.0, id="it stops decoding"),
    ],
)
def test_a_result_that_contradicts_itself_is_refused(declared: int, counted: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="declares"):
        own(declared, counted, seconds)


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param({"codec_name": "mp2"}, id="no mp3"),
        pytest.param({"codec_type": "video"}, id="no audio"),
        pytest.param({"duration": "N/A"}, id="no duration"),
    ],
)
def test_a_report_about_something_else_is_refused(stream: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_contents(reported(**{"duration": "2.04", "nb_read_packets": "85", **stream}), MP3)


def test_a_flac_is_as_long_as_it_decodes() -> None:
    flac = parse_contents(
        reported(codec_name="flac", duration="5.0", nb_read_packets="54", bit_rate="N/A"), FLAC
    )
    assert flac == Contents(declared_s=5.0, sample_rate=48_000)
    assert verify_audio(flac, decoded(5.0), None).seconds == 5.0
    with pytest.raises(ValueError, match="decodes"):
        verify_audio(flac, decoded(4.0), None)
