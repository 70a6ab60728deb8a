"""Tags with several values, read and written as other programs do."""

from pathlib import Path

import pytest

from tests.support.audio_checks import TranscodingHarness
from tests.support.media import Media, probe
from tests.support.tag_files import tagged, values

TONE = ("-f", "lavfi", "-i", "sine=f=440:d=2:r=44100", "-fflags", "+bitexact", "-flags:a", "+bitexact")
ARTISTS = ["AC/DC", "Simon & Garfunkel; live", "Björk"]
FORMS = ["mp3", "m4a", "flac", "opus"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("container", ["mp3", "flac", "ogg", "opus", "m4a", "aac"])
async def test_several_artists_stay_several(
    harness: TranscodingHarness, media: Media, tmp_path: Path, container: str, form: str
) -> None:
    tags = {"artist": ARTISTS, "genre": ["Rock", "Pop"], "title": ["Song"], "Mood": ["calm", "sad"]}
    song = tagged(media.made(TONE, container), tmp_path / f"song.{container}", tags)
    output = await harness.convert(song, format=form)
    assert output.duration_s == pytest.approx(2.0, abs=0.15)
    assert values(harness.result, form, "artist") == ARTISTS
    assert values(harness.result, form, "genre") == ["Rock", "Pop"]
    assert values(harness.result, form, "title") == ["Song"]
    mood = [found for name in ("Mood", "mood", "MOOD") if (found := values(harness.result, form, name))]
    assert mood[0] == ["calm", "sad"]


@pytest.mark.parametrize(
    ("names", "read"),
    [
        (["Joan Baez", "Bob Dylan"], ["Joan Baez", "Bob Dylan"]),
        (["AC/DC"], ["AC/DC"]),
        (["AC/DC Tribute Band"], ["AC/DC Tribute Band"]),
    ],
)
async def test_slashes_of_id3v2_3_separate_names_only_where_that_is_sure(
    harness: TranscodingHarness, media: Media, tmp_path: Path, names: list[str], read: list[str]
) -> None:
    song = tagged(media.made(TONE, "mp3"), tmp_path / "song.mp3", {"artist": names}, version=3)
    await harness.convert(song, format="flac")
    assert values(harness.result, "flac", "artist") == read


async def test_the_list_of_artists_tells_what_slashes_mean(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    tags = {"artist": ["Prince", "Sting"], "ARTISTS": ["Prince", "Sting"]}
    song = tagged(media.made(TONE, "mp3"), tmp_path / "song.mp3", tags, version=3)
    await harness.convert(song, format="flac")
    assert values(harness.result, "flac", "artist") == ["Prince", "Sting"]


@pytest.mark.parametrize("form", FORMS)
async def test_a_requested_artist_replaces_all(
    harness: TranscodingHarness, media: Media, tmp_path: Path, form: str
) -> None:
    song = tagged(media.made(TONE, "flac"), tmp_path / "song.flac", {"artist": ARTISTS})
    await harness.convert(song, format=form, artist="Other")
    assert values(harness.result, form, "artist") == ["Other"]


async def test_wav_has_one_text_for_all(harness: TranscodingHarness, media: Media, tmp_path: Path) -> None:
    song = tagged(media.made(TONE, "flac"), tmp_path / "song.flac", {"artist": ["A", "B"]})
    await harness.convert(song, format="wav")
    assert probe(harness.result)["format"]["tags"]["artist"] == "A; B"


@pytest.mark.parametrize("form", FORMS)
async def test_a_broken_tag_fails_no_conversion(
    harness: TranscodingHarness, media: Media, tmp_path: Path, form: str
) -> None:
    whole = tagged(media.made(TONE, "flac"), tmp_path / "song.flac", {"artist": ARTISTS}).read_bytes()
    at = whole.index(b"ARTIST=") - 4 if b"ARTIST=" in whole else whole.index(b"artist=") - 4
    (tmp_path / "song.flac").write_bytes(whole[:at] + b"\xff\xff\xff\x7f" + whole[at + 4 :])
    assert (await harness.convert(tmp_path / "song.flac", format=form)).duration_s == pytest.approx(
        2, abs=0.1
    )
