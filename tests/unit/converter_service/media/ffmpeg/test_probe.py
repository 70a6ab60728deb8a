"""Parsing of ffprobe's output."""

import json

import pytest

from converter_service.media.errors import Fault, MediaError
from converter_service.media.ffmpeg.probe import parse_probe
from converter_service.media.protection import Locks

MOV = "mov,mp4,m4a,3gp,3g2,mj2"
AUDIO = {"index": 1, "codec_type": "audio", "codec_name": "aac", "sample_rate": "44100", "channels": 2}
VIDEO = {"index": 0, "codec_type": "video", "codec_name": "h264"}


def answer(*streams: dict[str, object], name: str = MOV, **form: object) -> bytes:
    return json.dumps({"programs": [], "streams": streams, "format": {"format_name": name, **form}}).encode()


def fault(printed: bytes) -> Fault:
    with pytest.raises(MediaError) as failed:
        parse_probe(printed, "")
    return failed.value.code


def test_a_video_is_described() -> None:
    tagged = {**AUDIO, "duration": "9.5", "start_time": "1.5", "tags": {"language": "eng"}}
    info = parse_probe(answer(VIDEO, tagged, duration="11.0", start_time="0.05"), "")
    (track,) = info.audio_tracks
    assert (info.container, info.duration_s, info.start_s) == ("mp4", 11.0, 0.05)
    assert (track.index, track.stream, track.start_s, track.duration_s) == (0, 1, 1.45, 9.5)
    assert (track.codec, track.sample_rate, track.channels, track.language) == ("aac", 44_100, 2, "eng")


@pytest.mark.parametrize(
    ("name", "duration", "least_s"),
    [("matroska,webm", "106", 6.0), ("nut", "106", 6.0), ("matroska,webm", "60", 60.0)],
)
def test_a_duration_on_a_clock_that_begins_late_is_the_least_that_it_may_mean(
    name: str, duration: str, least_s: float
) -> None:
    late = {**AUDIO, "start_time": "100", "tags": {"DURATION": "00:01:46.0"}}
    info = parse_probe(answer(late, name=name, duration=duration, start_time="100"), "")
    (track,) = info.audio_tracks
    assert (info.duration_s, info.is_estimated, track.start_s, track.duration_s) == (least_s, True, 0.0, None)


def test_a_video_without_audio_is_described_too_and_no_stream_at_all_is_unreadable() -> None:
    info = parse_probe(answer(VIDEO, duration="3"), "")
    assert (info.container, info.duration_s, info.audio_tracks) == ("mp4", 3.0, ())
    assert fault(answer()) is Fault.UNREADABLE_MEDIA


@pytest.mark.parametrize("printed", [b"", b"{}", b"[]", b'{"format": 1}', b"\xff"])
def test_malformed_output_is_unreadable(printed: bytes) -> None:
    assert fault(printed) is Fault.UNREADABLE_MEDIA


@pytest.mark.parametrize("duration", ["N/A", "nan", "inf", "-5.0", "0.000000", "", "1e999"])
def test_an_invalid_duration_is_unknown(duration: str) -> None:
    assert parse_probe(answer(AUDIO, duration=duration), "").duration_s is None


def test_a_late_track_does_not_make_a_windows_media_file_longer() -> None:
    """ffprobe gives each track the duration that the header has for the file, and adds the start to it."""
    streams = {**VIDEO, "duration": "5.5"}, {**AUDIO, "duration": "5.5", "start_time": "1.5"}
    assert parse_probe(answer(*streams, name="asf", duration="7.0"), "").duration_s == 5.5


def test_a_duration_estimated_from_the_bit_rate_is_marked() -> None:
    guessed = "Estimating duration from bitrate, this may be inaccurate"
    info = parse_probe(answer(AUDIO, name="mp3", duration="5"), guessed)
    assert info.is_estimated
    assert not info.has_own_duration


def test_the_duration_tag_of_matroska_is_the_end_of_the_track() -> None:
    tagged = {**AUDIO, "start_time": "2.0", "tags": {"DURATION": "00:01:02.500000000"}}
    info = parse_probe(answer(VIDEO, tagged, name="matroska,webm", duration="70"), "")
    assert info.audio_tracks[0].duration_s == 60.5
    assert info.container == "mkv"


@pytest.mark.parametrize(
    "tag", ["", "1:2", "99:99", "aa:bb:cc", "00:00:-1", "\u0660\u0660:\u0660\u0660:\u0660\u0661"]
)
def test_a_malformed_tag_is_ignored(tag: str) -> None:
    info = parse_probe(answer({**AUDIO, "tags": {"DURATION": tag}}, name="matroska,webm"), "")
    assert info.audio_tracks[0].duration_s is None


@pytest.mark.parametrize(
    ("brand", "container"), [("qt  ", "mov"), ("M4A ", "m4a"), ("3gp4", "3gp"), ("isom", "mp4"), ("", "mp4")]
)
def test_mp4_variants_are_distinguished_by_brand(brand: str, container: str) -> None:
    assert parse_probe(answer(AUDIO, tags={"major_brand": brand}), "").container == container


COVER = {**VIDEO, "codec_name": "mjpeg", "disposition": {"attached_pic": 1}}
OPUS = {**AUDIO, "codec_name": "opus"}


@pytest.mark.parametrize(
    ("streams", "container"),
    [([VIDEO, AUDIO], "mkv"), ([AUDIO], "mka"), ([COVER, AUDIO], "mka"), ([OPUS], "mka"), ([VIDEO], "mkv")],
)
def test_matroska_files_are_named_by_their_contents(streams: list[dict[str, object]], container: str) -> None:
    assert parse_probe(answer(*streams, name="matroska,webm"), "").container == container


def test_encrypted_tracks_are_marked_and_encrypted_pictures_left_out() -> None:
    numbered = {**AUDIO, "index": 2, "id": "0x101"}
    locks = Locks(places=frozenset({0}), ids=frozenset({0x101}), has_sound=True)
    info = parse_probe(answer(VIDEO, {**AUDIO, "id": "0x100"}, numbered), "", locks)
    assert [track.is_protected for track in info.audio_tracks] == [False, True]
    assert not info.pictures
