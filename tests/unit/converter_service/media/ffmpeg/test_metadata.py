"""Tags and chapters of results."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.metadata import format_metadata, select_tags
from converter_service.media.ffmpeg.tag_names import named_for
from converter_service.media.media_info import AudioTrack, Chapter, MediaInfo
from converter_service.media.option_parser import parse

TRACK = AudioTrack(index=0, stream=0, codec="aac", channels=2, sample_rate=48_000)
THREE = (Chapter(0.0, 10.0, "One"), Chapter(10.0, 20.0, "Two"), Chapter(20.0, 60.0, "Three"))


def info(tags: Mapping[str, str] | None = None, chapters: tuple[Chapter, ...] = ()) -> MediaInfo:
    track = (TRACK,)
    return MediaInfo(container="mkv", duration_s=60.0, audio_tracks=track, tags=tags or {}, chapters=chapters)


def job(described: MediaInfo, track: AudioTrack = TRACK, **fields: str) -> TranscodeJob:
    return TranscodeJob(
        source=Path("source"), info=described, track=track, options=parse(fields), target=Path("target")
    )


def kept(tags: Mapping[str, str], track: AudioTrack = TRACK, **fields: str) -> dict[str, str]:
    return select_tags(job(info(tags), track, **fields))


def lines(*chapters: Chapter, track: AudioTrack = TRACK, **fields: str) -> list[str]:
    text = format_metadata(job(info(chapters=chapters), track, **fields), {})
    return [line for line in text.splitlines() if line.startswith(("START", "END", "title", "CHAPTER"))]


def test_requested_tags_override_any_spelling_of_the_source() -> None:
    assert kept({"TITLE": "Old", "Artist": "Kept"}, title="New") == {"title": "New", "Artist": "Kept"}


def test_an_empty_option_removes_a_tag() -> None:
    assert kept({"title": "Old", "artist": "Kept"}, title="") == {"artist": "Kept"}


def test_names_keep_their_case_and_with_it_their_id3_frames() -> None:
    named = {"TBPM": "120", "TSRC": "X", "MusicBrainz Album Id": "1"}
    assert named_for("mp3", kept(named)) == named


@pytest.mark.parametrize(
    ("form", "tags", "named"),
    [
        ("flac", {"track": "3/12"}, {"track": "3", "TRACKTOTAL": "12"}),
        ("opus", {"TRACKNUMBER": "3", "TOTALTRACKS": "12"}, {"track": "3", "TRACKTOTAL": "12"}),
        ("mp3", {"track": "3", "tracktotal": "12"}, {"track": "3/12"}),
        ("m4a", {"disc": "1/2", "disctotal": "9"}, {"disc": "1/2"}),
        ("mp3", {"tracktotal": "12"}, {"tracktotal": "12"}),
        ("flac", {"TSO2": "B", "lyrics-eng": "la"}, {"ALBUMARTISTSORT": "B", "lyrics": "la"}),
    ],
)
def test_tags_are_named_for_the_result(form: str, tags: dict[str, str], named: dict[str, str]) -> None:
    assert named_for(form, kept(tags)) == named


def test_binary_frames_are_left_out() -> None:
    assert kept({"id3v2_priv.TRAKTOR4": "A\\x80"}) == {}


@pytest.mark.parametrize(
    "name",
    ["location", "location-eng", "LOCATION", "com.apple.quicktime.location.ISO6709", "make", "Model",
     "model-eng", "com.apple.quicktime.make", "com.apple.quicktime.model", "com.apple.quicktime.software",
     "GPS Coordinates", "com.android.version", "com.android.manufacturer", "CameraSerialNumber", "Lens"],
)  # fmt: skip
def test_places_and_devices_are_left_out_unless_the_operator_keeps_them(name: str) -> None:
    recorded = job(info({name: "x", "title": "Kept"}))
    assert select_tags(recorded) == {"title": "Kept"}
    assert select_tags(replace(recorded, keeps_private_tags=True)) == {name: "x", "title": "Kept"}


@pytest.mark.parametrize("name", ["allocation", "dislocation", "Modeller", "maker", "geology", "genre"])
def test_tags_that_resemble_those_of_places_and_devices_are_kept(name: str) -> None:
    assert kept({name: "x"}) == {name: "x"}


def test_a_tracks_name_is_no_title_of_the_file() -> None:
    track = AudioTrack(
        index=0, stream=0, codec="aac", channels=6, sample_rate=48_000, tags={"title": "Surround 5.1"}
    )
    assert kept({}, track) == {}


def test_track_tags_of_ogg_are_used_where_the_file_has_none() -> None:
    track = AudioTrack(
        index=0, stream=0, codec="opus", channels=2, sample_rate=48_000, tags={"title": "T", "genre": "G"}
    )
    ogg = MediaInfo(container="ogg", duration_s=60.0, audio_tracks=(track,), tags={"title": "File"})
    assert select_tags(job(ogg, track)) == {"title": "File", "genre": "G"}


@pytest.mark.parametrize(
    "name",
    ["encoder", "software", "major_brand", "DURATION-eng", "BPS", "_STATISTICS_TAGS", "language", "iTunSMPB",
     "CHAPTER001", "METADATA_BLOCK_PICTURE", "", "a=b", "a\nb", "-i", "x" * 65],
)  # fmt: skip
def test_technical_tags_are_dropped(name: str) -> None:
    assert kept({name: "x"}) == {}


def test_replay_gain_is_kept_unless_the_loudness_changes() -> None:
    gains = {"replaygain_track_gain": "-3 dB", "R128_TRACK_GAIN": "5"}
    assert len(kept(gains)) == 2
    assert kept(gains, loudness="-16") == {}


def test_kept_tags_are_bounded_and_printable() -> None:
    assert len(kept({f"tag{n}": "x" for n in range(1000)})) == 64
    long = kept({f"tag{n}": "x" * 100_000 for n in range(20)})
    assert (max(map(len, long.values())), len(long)) == (8000, 8)
    assert kept({"lyrics": "a\0b\x1b[31m\nc\u202e"}) == {"lyrics": "a b [31m\nc"}


def test_values_are_escaped_within_their_line() -> None:
    text = format_metadata(job(info({"comment": "a=b;c#d\\e\n[CHAPTER]"}), title="ends\\"), {"own": "1"})
    assert text == ";FFMETADATA1\ntitle=ends\\\\ \ncomment=a\\=b\\;c\\#d\\\\e\\\n[CHAPTER]\nown=1\n"


def test_chapters_keep_their_places() -> None:
    assert lines(*THREE[:2]) == ["START=0", "END=10000", "title=One", "START=10000", "END=20000", "title=Two"]


def test_chapters_are_clipped_to_the_part_and_count_from_its_start() -> None:
    part = lines(*THREE, start="12.5", end="30")
    assert part == ["START=0", "END=7500", "title=Two", "START=7500", "END=17500", "title=Three"]


def test_chapters_count_from_where_the_sound_begins() -> None:
    late = AudioTrack(index=0, stream=0, codec="aac", channels=2, sample_rate=48_000, start_s=4.0)
    assert lines(THREE[0], track=late) == ["START=0", "END=6000", "title=One"]


def test_empty_chapters_and_those_after_the_end_are_dropped() -> None:
    assert lines(Chapter(5.0, 5.0), Chapter(9.0, 3.0), Chapter(70.0, 80.0), Chapter(-9.0, -1.0)) == []


def test_no_more_chapters_than_an_mp3_can_list() -> None:
    many = tuple(Chapter(n / 100, (n + 1) / 100, "x" * 1000) for n in range(1000))
    kept_lines = lines(*many)
    assert len(kept_lines) == 3 * 255
    assert len(kept_lines[2]) == len("title=") + 200


def test_flac_has_chapters_as_comments_and_wav_has_none() -> None:
    assert lines(*THREE[:2], format="flac") == [
        "CHAPTER001=00:00:00.000", "CHAPTER001NAME=One", "CHAPTER002=00:00:10.000", "CHAPTER002NAME=Two"
    ]  # fmt: skip
    assert lines(Chapter(3725.5, 3800.0, "x"), format="flac") == []
    assert lines(*THREE, format="wav") == []
