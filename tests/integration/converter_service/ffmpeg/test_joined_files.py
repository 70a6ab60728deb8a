"""Files that were joined byte by byte, without a new header."""

from pathlib import Path

import pytest

from tests.support.audio_checks import TranscodingHarness, pitch_hz
from tests.support.changing_sound import length_s, misheard
from tests.support.media import Media

SECONDS = 3.0


def tone(hz: int, rate: int = 44_100) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"sine=f={hz}:d={SECONDS}:r={rate}")


def joined(media: Media, target: Path, first: tuple[str, ...], second: tuple[str, ...]) -> Path:
    parts = [media.made([*tone(hz), *options], "mp3") for hz, options in ((300, first), (700, second))]
    target.write_bytes(b"".join(part.read_bytes() for part in parts))
    return target


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(("-b:a", "64k"), ("-b:a", "192k", "-ac", "2"), id="a higher rate and a second channel"),
        pytest.param(("-b:a", "192k"), ("-b:a", "64k"), id="a lower rate"),
        pytest.param(("-q:a", "4"), ("-q:a", "0"), id="variable rates"),
    ],
)
async def test_joined_mp3_files_of_different_bit_rates_are_whole(
    harness: TranscodingHarness, media: Media, tmp_path: Path, first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    source = joined(media, tmp_path / "joined.mp3", first, second)
    output = await harness.convert(source, format="flac")
    assert output.duration_s == pytest.approx(2 * SECONDS, abs=0.2)
    await harness.convert(source, format="wav", start=str(SECONDS + 0.5))
    assert pitch_hz(harness.result) == pytest.approx(700, rel=0.02)


@pytest.mark.parametrize("rates", [(44_100, 24_000), (24_000, 44_100)])
@pytest.mark.parametrize(
    ("container", "options"),
    [
        ("aac", ("-c:a", "aac")),
        ("mp3", ("-c:a", "libmp3lame", "-write_xing", "0", "-id3v2_version", "0")),
        ("mp2", ("-c:a", "mp2")),
        ("aac", ("-c:a", "aac", "-f", "latm")),
    ],
    ids=["ADTS", "MP3", "MP2", "LOAS"],
)
async def test_joined_files_without_a_clock_follow_each_other_whatever_their_sample_rates(
    harness: TranscodingHarness,
    media: Media,
    tmp_path: Path,
    container: str,
    options: tuple[str, ...],
    rates: tuple[int, int],
) -> None:
    parts = [
        media.made([*tone(hz, rate), *options], container) for hz, rate in zip((300, 700), rates, strict=True)
    ]
    source = tmp_path / f"joined.{container}"
    source.write_bytes(b"".join(part.read_bytes() for part in parts))
    output = await harness.convert(source, format="wav")
    assert output.duration_s == pytest.approx(sum(map(length_s, parts)), abs=0.05)
    assert output.gaps_s == 0
    assert misheard(harness.result, (300, 0.0, SECONDS), (700, SECONDS, 2 * SECONDS), within_s=0.2) == []
    assert output.source_duration_s == pytest.approx(output.duration_s, abs=0.05)


@pytest.mark.parametrize("rates", [(48_000, 32_000), (32_000, 48_000)])
async def test_joined_ac3_files_follow_each_other_whatever_their_sample_rates(
    harness: TranscodingHarness, media: Media, tmp_path: Path, rates: tuple[int, int]
) -> None:
    parts = [
        media.made([*tone(hz, rate), "-c:a", "ac3"], "ac3")
        for hz, rate in zip((300, 700), rates, strict=True)
    ]
    source = tmp_path / "joined.ac3"
    source.write_bytes(b"".join(part.read_bytes() for part in parts))
    output = await harness.convert(source, format="mp3")
    assert output.duration_s == pytest.approx(sum(map(length_s, parts)), abs=0.05)
    assert output.gaps_s == 0


@pytest.mark.parametrize("form", ["mp3", "flac"])
@pytest.mark.parametrize("codec", ["libvorbis", "libopus", "flac"])
async def test_chained_ogg_is_as_long_as_all_its_links(
    harness: TranscodingHarness, media: Media, tmp_path: Path, codec: str, form: str
) -> None:
    parts = [media.made([*tone(hz, 48_000), "-c:a", codec], "ogg") for hz in (300, 500, 700)]
    source = tmp_path / "chained.ogg"
    source.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert (await harness.probe(source)).duration_s == pytest.approx(3 * SECONDS, abs=0.02)
    output = await harness.convert(source, format=form)
    assert output.duration_s == pytest.approx(3 * SECONDS, abs=0.1)
    assert output.source_duration_s == pytest.approx(3 * SECONDS, abs=0.25)
    assert output.gaps_s == 0
    due = [(hz, n * SECONDS, (n + 1) * SECONDS) for n, hz in enumerate((300, 500, 700))]
    assert misheard(harness.result, *due) == []


async def test_a_part_of_chained_ogg_is_cut_where_it_was_requested(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    parts = [media.made([*tone(hz, 48_000), "-c:a", "libopus"], "ogg") for hz in (300, 500, 700)]
    source = tmp_path / "chained.ogg"
    source.write_bytes(b"".join(part.read_bytes() for part in parts))
    await harness.convert(source, format="wav", start="4", end="7")
    assert misheard(harness.result, (500, 0.0, 2.0), (700, 2.0, 3.0)) == []
