"""Further containers, codecs and channel layouts, by the decoded sound."""

import wave as wave_files
from array import array
from math import pi, sin
from pathlib import Path

import pytest

from converter_service.media.errors import Fault, MediaError
from tests.support import rare_formats as rare
from tests.support.audio_checks import TranscodingHarness
from tests.support.audio_signals import strength, wave
from tests.support.ffmpeg_generations import Generation
from tests.support.media import Media, probe, run

HZ = 8_000
# The first ffmpeg with a decoder for xHE-AAC.
KNOWS_USAC = (7, 1)
SAMPLES = Path(__file__).parents[3] / "support" / "samples"
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


async def test_musepack_is_converted(harness: TranscodingHarness) -> None:
    """The sample was encoded by Debian's mpcenc: `sine=f=440:d=1`, quality 0."""
    await assert_tone(harness, SAMPLES / "tone.mpc", 1.0)


async def test_dsf_is_converted(harness: TranscodingHarness, tmp_path: Path) -> None:
    source = tmp_path / "tone.dsf"
    source.write_bytes(rare.dsf(rare.one_bit_tone(440, 0.5)))
    await assert_tone(harness, source, 0.5)


@pytest.mark.parametrize("fields", [{}, {"channels": "1"}, {"format": "flac"}])
async def test_ambisonic_opus_is_mixed_from_its_first_order(
    harness: TranscodingHarness, media: Media, fields: dict[str, str]
) -> None:
    """W, Y, Z and X have a tone each; Y is on the left, X in front."""
    tones = "|".join(f"0.5*sin(2*PI*{200 + 100 * n}*t)" for n in range(4))
    family = ["-c:a", "libopus", "-mapping_family", "2", "-b:a", "512k"]
    source = media.made(["-f", "lavfi", "-i", f"aevalsrc={tones}:s=48000:d=2:c=4.0", *family], "opus")
    await harness.convert(source, **fields)
    (stream,) = probe(harness.result)["streams"]
    count = stream["channels"]
    left = wave(harness.result, at_hz=HZ, channels=count)[::count]
    levels = [strength(left, 200 + 100 * n, HZ) / 0.5 for n in range(4)]
    due = {1: (1, 0, 0, 0), 2: (0.414, 0.293, 0, 0.293)}[count]
    assert levels == pytest.approx(due, abs=0.05)


@pytest.mark.parametrize("form", ["mp3", "m4a", "opus", "flac"])
@pytest.mark.parametrize("suffix", ["ts", "mkv"])
async def test_surround_that_begins_late_is_whole_and_mixed(
    harness: TranscodingHarness, media: Media, suffix: str, form: str
) -> None:
    sound = f"[1:a]{SURROUND},asetpts=PTS+7/TB[a]"
    tone = [
        "-f",
        "lavfi",
        "-i",
        "testsrc=size=64x36:rate=5:d=10",
        "-f",
        "lavfi",
        "-i",
        "sine=f=440:d=3:r=48000",
    ]
    codecs = ["-c:v", "mpeg2video", "-c:a", "ac3", "-b:a", "448k"]
    source = media.made([*tone, "-filter_complex", sound, "-map", "0", "-map", "[a]", *codecs], suffix)
    output = await harness.convert(source, format=form)
    assert output.duration_s == pytest.approx(3.0, abs=0.1)
    assert (await harness.probe(source)).audio_tracks[0].channels == 6
    if form != "flac":
        assert max(map(abs, wave(harness.result, at_hz=48_000, channels=2))) == pytest.approx(0.87, abs=0.06)


async def test_xhe_aac_is_named_where_the_decoder_does_not_know_it(
    harness: TranscodingHarness, generation: Generation, media: Media, tmp_path: Path
) -> None:
    """The audio object type of the configuration becomes 42. The packets stay those of AAC-LC, so that
    for a newer decoder the file is damaged.
    """
    whole = media.made([*TONE, "-c:a", "aac"], "mp4").read_bytes()
    at = whole.index(b"\x05\x80\x80\x80") + 5
    source = tmp_path / "usac.mp4"
    source.write_bytes(whole[:at] + bytes.fromhex("f948") + whole[at + 2 :])
    with pytest.raises(MediaError) as refused:
        await harness.convert(source)
    is_known = tuple(map(int, generation.version.split("."))) >= KNOWS_USAC
    assert refused.value.code is (Fault.UNREADABLE_MEDIA if is_known else Fault.UNSUPPORTED_MEDIA)
    assert is_known or "xHE-AAC" in refused.value.message


async def assert_tone(harness: TranscodingHarness, source: Path, seconds: float) -> None:
    output = await harness.convert(source)
    assert output.duration_s == pytest.approx(seconds, abs=0.1)
    assert strength(wave(harness.result, at_hz=HZ), 440, HZ) == pytest.approx(0.5, abs=0.1)


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
