"""Files that were joined byte by byte, without a new header."""

from pathlib import Path

import pytest

from tests.support.audio_checks import TranscodingHarness, pitch_hz
from tests.support.media import Media

SECONDS = 3.0


def tone(hz: int) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"sine=f={hz}:d={SECONDS}:r=44100")


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
