"""The precision of samples in formats that lose none."""

import subprocess
from array import array
from pathlib import Path

import pytest

from tests.support.audio_checks import TranscodingHarness
from tests.support.media import Media, probe

# A tone below one step of 16 bits, on an offset of half a step that keeps rounding from hearing it.
FAINT = ("-f", "lavfi", "-i", "aevalsrc=exprs=0.5/32768+0.3/32768*sin(2*PI*440*t):s=48000:d=1")
WIDE = [
    pytest.param("wav", ("pcm_s24le",), id="24 bits in wav"),
    pytest.param("mov", ("pcm_s24be",), id="24 bits in mov"),
    pytest.param("flac", ("flac", "-sample_fmt", "s32"), id="24 bits in flac"),
    pytest.param("m4a", ("alac", "-sample_fmt", "s32p"), id="24 bits in alac"),
    pytest.param("wav", ("pcm_f32le",), id="float"),
    pytest.param("mkv", ("pcm_s32le",), id="32 bits"),
    pytest.param("wv", ("wavpack", "-sample_fmt", "fltp"), id="float in wavpack"),
]


def steps(file: Path) -> "array[int]":
    """The samples of the middle, in steps of 24 bits."""
    command = ["ffmpeg", "-v", "error", "-i", f"file:{file}", "-f", "s32le", "-c:a", "pcm_s32le", "-"]
    decoded = array("i")
    decoded.frombytes(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)
    return array("i", (sample >> 8 for sample in decoded[12_000:36_000]))


def bits(file: Path) -> int:
    (stream,) = probe(file)["streams"]
    return int(stream.get("bits_per_raw_sample") or stream["bits_per_sample"])


@pytest.mark.parametrize("form", ["wav", "flac"])
@pytest.mark.parametrize(("container", "codec"), WIDE)
async def test_more_than_16_bits_become_24(
    harness: TranscodingHarness, media: Media, container: str, codec: tuple[str, ...], form: str
) -> None:
    await harness.convert(media.made([*FAINT, "-c:a", *codec], container), format=form)
    assert bits(harness.result) == 24
    sound = steps(harness.result)
    assert (min(sound), max(sound)) == pytest.approx((51, 205), abs=2)


@pytest.mark.parametrize("fields", [{"channels": "2"}, {"start": "0.1"}, {"sample_rate": "96000"}])
async def test_filters_keep_the_precision(
    harness: TranscodingHarness, media: Media, fields: dict[str, str]
) -> None:
    source = media.made([*FAINT, "-c:a", "pcm_s24le"], "wav")
    await harness.convert(source, format="flac", **fields)
    assert bits(harness.result) == 24
    sound = steps(harness.result)
    assert max(sound) - min(sound) > 100


@pytest.mark.parametrize("form", ["wav", "flac"])
@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("wav", ("pcm_s16le",)),
        ("flac", ("flac", "-sample_fmt", "s16")),
        ("m4a", ("alac", "-sample_fmt", "s16p")),
        ("wav", ("pcm_u8",)),
        ("mp3", ("libmp3lame",)),
        ("opus", ("libopus",)),
        ("mkv", ("ac3",)),
    ],
)
async def test_16_bits_and_lossy_sound_become_16(
    harness: TranscodingHarness, media: Media, container: str, codec: tuple[str, ...], form: str
) -> None:
    source = media.made(["-f", "lavfi", "-i", "sine=f=440:d=1:r=48000", "-c:a", *codec], container)
    output = await harness.convert(source, format=form)
    assert bits(harness.result) == 16
    assert output.duration_s == pytest.approx(1.0, abs=0.1)
