"""Broadcasts whose sound goes on under another PID or identifier: all of it is in the result, in order."""

from pathlib import Path

import pytest

from tests.support.audio_checks import TranscodingHarness
from tests.support.broadcasts import SECONDS, Programme, broadcast, program_stream
from tests.support.changing_sound import misheard
from tests.support.media import Media

FIRST, SECOND, THIRD = 0x101, 0x12C, 0x145
# More than ffmpeg reads to find the tracks.
BEHIND_PROBE = 30_000
BLU_RAY = ("-mpegts_m2ts_mode", "1")
DVB = ("-mpegts_flags", "system_b")


def due(*tones: int, leap_s: float = 0.0) -> list[tuple[int, float, float]]:
    step_s = SECONDS + leap_s
    return [(hz, place * step_s, place * step_s + SECONDS) for place, hz in enumerate(tones)]


@pytest.mark.parametrize("form", ["mp3", "m4a", "flac"])
@pytest.mark.parametrize(
    ("codec", "settings", "has_picture"),
    [
        ("mp2", (), True),
        ("aac", (), True),
        ("aac", ("-mpegts_flags", "latm"), True),
        ("ac3", DVB, True),
        ("eac3", (), True),
        ("libopus", (), True),
        ("mp2", (), False),
        ("aac", BLU_RAY, True),
        ("ac3", BLU_RAY, False),
    ],
)
async def test_sound_that_moves_to_another_pid_goes_on(
    harness: TranscodingHarness,
    media: Media,
    tmp_path: Path,
    codec: str,
    settings: tuple[str, ...],
    has_picture: bool,
    form: str,
) -> None:
    programmes = [
        Programme(((hz, pid),), codec, has_picture=has_picture) for hz, pid in ((300, FIRST), (700, SECOND))
    ]
    source = broadcast(media, tmp_path / "source.ts", programmes, *settings)
    info = await harness.probe(source)
    assert len(info.audio_tracks) == 1
    output = await harness.convert(source, format=form)
    assert misheard(harness.result, *due(300, 700)) == []
    assert output.gaps_s < 0.1


async def test_sound_that_moves_behind_what_ffmpeg_reads_for_its_tracks_goes_on(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    programmes = [Programme(((300, FIRST),)), Programme(((700, SECOND),)), Programme(((500, THIRD),))]
    source = broadcast(media, tmp_path / "source.ts", programmes, padding=BEHIND_PROBE)
    await harness.convert(source)
    assert misheard(harness.result, *due(300, 700, 500)) == []


@pytest.mark.parametrize("codec", ["mp2", "aac"])
async def test_sound_that_moves_to_another_pid_and_back_goes_on(
    harness: TranscodingHarness, media: Media, tmp_path: Path, codec: str
) -> None:
    programmes = [Programme(((hz, pid),), codec) for hz, pid in ((300, FIRST), (700, SECOND), (500, FIRST))]
    await harness.convert(broadcast(media, tmp_path / "source.ts", programmes))
    assert misheard(harness.result, *due(300, 700, 500)) == []


@pytest.mark.parametrize("form", ["mp3", "flac"])
async def test_where_there_was_no_sound_between_two_pids_there_is_silence(
    harness: TranscodingHarness, media: Media, tmp_path: Path, form: str
) -> None:
    programmes = [Programme(((300, FIRST),)), Programme(((700, SECOND),), leap_s=2.0)]
    output = await harness.convert(broadcast(media, tmp_path / "source.ts", programmes), format=form)
    assert misheard(harness.result, *due(300, 700, leap_s=2.0)) == []
    assert output.gaps_s == pytest.approx(2.0, abs=0.1)


async def test_each_of_several_tracks_goes_on_in_its_language(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    programmes = [
        Programme(((300, FIRST), (400, FIRST + 1)), languages=("eng", "deu")),
        Programme(((700, SECOND), (800, SECOND + 1)), languages=("deu", "eng")),
    ]
    source = broadcast(media, tmp_path / "source.ts", programmes)
    for track, tones in (("0", (300, 800)), ("1", (400, 700))):
        await harness.convert(source, audio_track=track)
        assert misheard(harness.result, *due(*tones)) == []


async def test_a_track_that_is_added_is_no_part_of_those_that_go_on(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    programmes = [
        Programme(((300, FIRST),), languages=("eng",)),
        Programme(((700, SECOND), (500, FIRST)), languages=("deu", "eng")),
    ]
    output = await harness.convert(broadcast(media, tmp_path / "source.ts", programmes))
    assert misheard(harness.result, *due(300, 500)) == []
    assert output.gaps_s < 0.1


@pytest.mark.parametrize(("codecs", "has_picture"), [(("mp2", "ac3"), True), (("aac", "mp2"), False)])
async def test_sound_that_goes_on_in_another_codec_counts_as_a_gap(
    harness: TranscodingHarness, media: Media, tmp_path: Path, codecs: tuple[str, str], has_picture: bool
) -> None:
    one, other = codecs
    programmes = [
        Programme(((300, FIRST),), one, has_picture=has_picture),
        Programme(((700, SECOND),), other, has_picture=has_picture),
    ]
    source = broadcast(media, tmp_path / "source.ts", programmes)
    output = await harness.convert(source)
    assert misheard(harness.result, *due(300)) == []
    assert output.gaps_s == pytest.approx(SECONDS, abs=0.15)
    part = await harness.convert(source, end="5")
    assert part.gaps_s == pytest.approx(5 - SECONDS, abs=0.15)
    assert (await harness.convert(source, end="2.5")).gaps_s == 0


async def test_a_track_that_lasts_longer_than_the_chosen_one_is_no_gap(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    tones = ["-f", "lavfi", "-i", "sine=f=300:d=3", "-f", "lavfi", "-i", "sine=f=700:d=7"]
    output = await harness.convert(media.made([*tones, "-map", "0", "-map", "1", "-c:a", "mp2"], "ts"))
    assert output.duration_s == pytest.approx(3.0, abs=0.1)
    assert output.gaps_s == 0


@pytest.mark.parametrize("form", ["mp3", "flac"])
@pytest.mark.parametrize(
    ("codec", "names", "leap_s"),
    [
        ("mp2", (0xC0, 0xC1), 0.0),
        ("mp2", (0xC0, 0xC4, 0xC0), 0.0),
        ("mp2", (0xC0, 0xC1), 1.5),
        ("ac3", (0x80, 0x81), 0.0),
        ("pcm_s16be", (0xA0, 0xA3), 0.0),
    ],
)
async def test_sound_of_a_program_stream_that_changes_its_identifier_goes_on(
    harness: TranscodingHarness,
    media: Media,
    tmp_path: Path,
    codec: str,
    names: tuple[int, ...],
    leap_s: float,
    form: str,
) -> None:
    tones = (300, 700, 500)[: len(names)]
    parts = list(zip(tones, names, strict=True))
    source = program_stream(media, tmp_path / "source.mpg", codec, parts, leap_s)
    output = await harness.convert(source, format=form)
    assert misheard(harness.result, *due(*tones, leap_s=leap_s)) == []
    assert output.gaps_s == pytest.approx(leap_s, abs=0.15)


async def test_two_tracks_of_a_program_stream_stay_two(harness: TranscodingHarness, media: Media) -> None:
    tones = ["-f", "lavfi", "-i", "sine=f=300:d=3", "-f", "lavfi", "-i", "sine=f=700:d=3"]
    source = media.made([*tones, "-map", "0", "-map", "1", "-c:a", "mp2"], "mpg")
    assert len((await harness.probe(source)).audio_tracks) == 2
    await harness.convert(source, audio_track="1")
    assert misheard(harness.result, (700, 0.0, 3.0)) == []
