"""Sound that cannot be decoded counts as a gap, however little of it there is."""

from pathlib import Path

import pytest

from tests.support.audio_checks import SAMPLE_HZ, TranscodingHarness, samples
from tests.support.media import Media

SECONDS = 6
TONE = ["-f", "lavfi", "-i", f"sine=f=440:d={SECONDS}:r=44100,volume=4"]
# Shorter than a half wave of the tone is no silence.
SILENCE_SAMPLES, SILENT = 40, 1_500
FRAME_S = 0.035


def damaged(whole: Path, target: Path, size: int) -> Path:
    """A copy of which some bytes at two thirds of its length are wrong."""
    content = bytearray(whole.read_bytes())
    begin = len(content) * 2 // 3
    for at in range(begin, begin + size, 7):
        content[at] ^= 0x55
    target.write_bytes(content)
    return target


def silence_s(file: Path) -> float:
    heard = samples(file)
    parts = (heard[at : at + SILENCE_SAMPLES] for at in range(0, len(heard), SILENCE_SAMPLES))
    return sum(len(part) for part in parts if max(map(abs, part)) < SILENT) / SAMPLE_HZ


@pytest.mark.parametrize("form", ["mp3", "wav"])
@pytest.mark.parametrize(
    ("container", "codec", "size"),
    [
        ("mp3", "libmp3lame", 400),
        ("avi", "libmp3lame", 400),
        ("aac", "aac", 400),
        ("mp4", "aac", 400),
        ("ts", "mp2", 400),
        ("m4a", "alac", 3_000),
        ("flac", "flac", 3_000),
        ("wma", "wmav2", 400),
        ("latm", "aac", 400),
    ],
)
async def test_what_is_missing_and_the_silence_in_place_of_it_are_counted_once(
    harness: TranscodingHarness,
    media: Media,
    tmp_path: Path,
    container: str,
    codec: str,
    size: int,
    form: str,
) -> None:
    whole = media.made([*TONE, "-c:a", codec], container)
    clean = await harness.convert(whole, format=form)
    assert clean.gaps_s == 0
    silent_s = silence_s(harness.result)
    output = await harness.convert(damaged(whole, tmp_path / "damaged", size), format=form)
    missing_s = clean.duration_s - output.duration_s + silence_s(harness.result) - silent_s
    assert missing_s > FRAME_S / 2
    assert output.gaps_s == pytest.approx(missing_s, abs=FRAME_S + 0.02)
    assert output.gaps_s > 0


@pytest.mark.parametrize("form", ["mp3", "flac"])
@pytest.mark.parametrize(
    ("container", "codec"), [("ac3", "ac3"), ("ts", "ac3"), ("mkv", "ac3"), ("mkv", "eac3")]
)
async def test_frames_for_which_a_decoder_made_something_up_are_counted(
    harness: TranscodingHarness, media: Media, tmp_path: Path, container: str, codec: str, form: str
) -> None:
    whole = media.made([*TONE, "-c:a", codec, "-b:a", "96k"], container)
    clean = await harness.convert(whole, format=form)
    assert clean.gaps_s == 0
    output = await harness.convert(damaged(whole, tmp_path / "damaged", 600), format=form)
    missing_s = clean.duration_s - output.duration_s
    assert max(0.03, missing_s - FRAME_S) < output.gaps_s < missing_s + 0.18


async def test_a_complaint_alone_is_no_gap(harness: TranscodingHarness, media: Media, tmp_path: Path) -> None:
    """The last frame has no more than its header."""
    source = tmp_path / "source.aac"
    source.write_bytes(media.made([*TONE, "-c:a", "aac"], "aac").read_bytes() + b"\xff\xf1\x50")
    assert (await harness.convert(source)).gaps_s == 0
