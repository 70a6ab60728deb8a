"""Further containers, codecs and channel layouts, by the decoded sound."""

import wave as wave_files
from array import array
from math import pi, sin
from pathlib import Path

import pytest

from tests.support.audio_checks import TranscodingHarness
from tests.support.audio_signals import strength, wave
from tests.support.media import Media, run

HZ = 8_000
TONE = ["-f", "lavfi", "-i", "sine=f=440:d=3:r=48000,volume=4", "-ac", "2"]
PICTURE = ["-f", "lavfi", "-i", "testsrc=size=720x576:rate=25:d=3"]
VIDEO = ["-pix_fmt", "yuv420p"]
SURROUND = "volume=7.2,pan=5.1|FL=c0|FR=c0|FC=c0|LFE=0*c0|BL=c0|BR=c0"


@pytest.mark.parametrize(
    ("container", "arguments"),
    [
        ("wv", TONE),
        ("tta", TONE),
        ("nut", TONE),
        ("rm", TONE),
        ("voc", TONE),
        ("wtv", TONE),
        ("latm", [*TONE, "-c:a", "aac"]),
        ("dts", [*TONE, "-c:a", "dca", "-strict", "-2"]),
        ("thd", [*TONE, "-c:a", "truehd", "-strict", "-2", "-f", "truehd"]),
        ("dv", [*PICTURE, *TONE, *VIDEO]),
        ("mxf", [*PICTURE, *TONE, *VIDEO, "-c:v", "mpeg2video"]),
    ],
)
async def test_known_containers_are_converted(
    harness: TranscodingHarness, media: Media, container: str, arguments: list[str]
) -> None:
    output = await harness.convert(media.made(arguments, container))
    assert output.duration_s == pytest.approx(3.0, abs=0.1)
    assert strength(wave(harness.result, at_hz=HZ), 440, HZ) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("form", ["mp3", "m4a", "opus"])
@pytest.mark.parametrize("suffix", ["ts", "ac3"])
async def test_sound_that_turns_from_surround_to_stereo_does_not_clip(
    harness: TranscodingHarness, media: Media, tmp_path: Path, form: str, suffix: str
) -> None:
    source = joined(media, tmp_path, suffix)
    await harness.convert(source, format=form)
    sound = wave(harness.result, at_hz=48_000, channels=2)
    assert max(map(abs, sound[: 2 * 48_000 * 3])) == pytest.approx(0.87, abs=0.06)


@pytest.mark.parametrize("channels", [10, 12, 24])
@pytest.mark.parametrize("fields", [{}, {"channels": "1"}, {"format": "flac"}, {"format": "m4a"}])
async def test_channels_without_positions_are_all_mixed(
    harness: TranscodingHarness, tmp_path: Path, channels: int, fields: dict[str, str]
) -> None:
    await harness.convert(discrete(tmp_path / "many.wav", channels), **fields)
    count = int(fields.get("channels", "2"))
    sound = wave(harness.result, at_hz=HZ, channels=count)[::count]
    levels = [strength(sound, 200 + 100 * n, HZ) for n in range(channels)]
    assert levels == pytest.approx([0.5 / channels] * channels, rel=0.25)


def joined(media: Media, directory: Path, suffix: str) -> Path:
    """Four seconds of 5.1, then five of stereo, in AC-3."""
    tone = "sine=f=440:d=4:r=48000"
    surround = media.made(["-f", "lavfi", "-i", tone, "-af", SURROUND, "-b:a", "448k"], "ac3")
    both = "0.9*sin(2*PI*1000*t)"
    stereo = media.made(["-f", "lavfi", "-i", f"aevalsrc={both}|{both}:s=48000:d=5"], "ac3")
    whole = directory / "joined.ac3"
    whole.write_bytes(surround.read_bytes() + stereo.read_bytes())
    if suffix == "ac3":
        return whole
    target = directory / f"joined.{suffix}"
    run(["ffmpeg", "-v", "error", "-i", str(whole), "-c", "copy", str(target)])
    return target


def discrete(path: Path, channels: int) -> Path:
    """A WAV file with a tone in each channel and no positions."""
    sound = array(
        "h",
        (
            round(16_000 * sin(2 * pi * (200 + 100 * n) * at / HZ))
            for at in range(HZ)
            for n in range(channels)
        ),
    )
    with wave_files.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(HZ)
        file.writeframes(sound.tobytes())
    return path
