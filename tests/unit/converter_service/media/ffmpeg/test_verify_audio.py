"""Verification of results by frame count and decoding."""

import json

import pytest

from converter_service.media.ffmpeg.result import verify_audio
from converter_service.media.formats import FLAC, MP3


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
