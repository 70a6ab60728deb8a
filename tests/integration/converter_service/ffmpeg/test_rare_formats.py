"""Formats of old devices and programs, by the decoded sound; made by hand where ffmpeg has no muxer."""

import io
import wave as wave_files
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.support import rare_formats as rare
from tests.support.audio_checks import TranscodingHarness
from tests.support.audio_signals import strength, wave
from tests.support.ffmpeg_generations import Generation
from tests.support.media import Media

HZ = 8_000
TONE = ["-f", "lavfi", "-i", "sine=f=440:d=2:r=48000,volume=4"]
PICTURE = ["-f", "lavfi", "-i", "testsrc=size=720x576:rate=25:d=2"]
MUXED = {
    "mlp": [*TONE, "-ac", "2", "-c:a", "mlp", "-strict", "-2"],
    "gxf": [*PICTURE, *TONE, "-pix_fmt", "yuv420p", "-c:v", "mpeg2video", "-c:a", "pcm_s16le"],
}


def shorten() -> bytes:
    samples = rare.tone(HZ, 440, HZ // 256 * 256 * 2, 16_384)
    header = io.BytesIO()
    with wave_files.open(header, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(HZ)
        file.writeframes(bytes(2 * len(samples)))
    return rare.ShortenWriter().write(header.getvalue()[:44], samples)


SPEECH = ["-f", "lavfi", "-i", "sine=f=440:d=2:r=8000,volume=4", "-ac", "1", "-c:a", "g723_1", "-b:a", "6.3k"]
AMV = ["-f", "lavfi", "-i", "testsrc=size=160x112:rate=15:d=2", "-c:v", "amv", "-strict", "-1", "-r", "15"]
ADPCM = ["-c:a", "adpcm_ima_amv", "-ac", "1", "-ar", "22050", "-block_size", "1470"]
DSS_SP, DSS_G723_1 = 0, 2
# Frames of standard play have 264 samples at 11,025 Hz, and 42 or 40 bytes in turn; these fill blocks.
SP_FRAMES, SP_BYTES = 111, 9 * 506
BY_HAND: Mapping[str, Callable[[], bytes]] = {
    "dhav": lambda: rare.dhav_pcm(HZ, rare.tone(HZ, 440, 2 * HZ, 16_384)),
    "8svx": lambda: rare.eight_svx(HZ, rare.tone(HZ, 440, 2 * HZ, 64)),
    "dff": lambda: rare.dsdiff(rare.one_bit_tone(440, 0.5)),
    "shn": shorten,
}
# ffmpeg 5.1 recognises AEA by the name of a file only, and sources have none.
RECOGNISES_AEA = (7, 1)
WITHOUT_TONE: Mapping[str, tuple[Callable[[], bytes], float]] = {
    "aea": (lambda: rare.aea_silence(200), 200 * 512 / 44_100),
    "ape": (lambda: rare.ape_silence(44_100, 44_100), 1.0),
    "dss": (lambda: rare.dss(DSS_SP, bytes(SP_BYTES)), SP_FRAMES * 264 / 11_025),
    "mac3.aifc": (lambda: rare.mace(b"MAC3", 2, 22_254 // 3), 2.0),
    "mac6.aifc": (lambda: rare.mace(b"MAC6", 1, 22_254 // 3), 2.0),
    "qcp": (lambda: rare.qcp_noise(100), 2.0),
}


@pytest.mark.parametrize("suffix", MUXED)
async def test_a_tone_in_a_rare_container_is_converted(
    harness: TranscodingHarness, media: Media, suffix: str
) -> None:
    await harness.convert(media.made(MUXED[suffix], suffix))
    assert_tone(harness, 2.0)


@pytest.mark.parametrize("suffix", BY_HAND)
async def test_a_tone_in_a_file_made_by_hand_is_converted(
    harness: TranscodingHarness, tmp_path: Path, suffix: str
) -> None:
    source = tmp_path / f"tone.{suffix}"
    source.write_bytes(BY_HAND[suffix]())
    await harness.convert(source)
    assert_tone(harness, 0.5 if suffix == "dff" else 2.0)


@pytest.mark.parametrize("suffix", ["wav", "avi", "mkv", "dss"])
async def test_speech_in_the_codec_of_telephones_is_converted(
    harness: TranscodingHarness, media: Media, tmp_path: Path, suffix: str
) -> None:
    source = media.made([*SPEECH, *(["-f", "g723_1"] if suffix == "dss" else [])], suffix)
    if suffix == "dss":
        frames, source = source.read_bytes(), tmp_path / "dictation"
        source.write_bytes(rare.dss(DSS_G723_1, frames))
    await harness.convert(source)
    sound = wave(harness.result, at_hz=HZ)
    assert len(sound) / HZ == pytest.approx(2.0, abs=0.1)
    assert strength(sound, 440, HZ) > 0.2


async def test_a_video_of_a_music_player_is_converted(harness: TranscodingHarness, media: Media) -> None:
    output = await harness.convert(media.made([*AMV, *TONE, *ADPCM], "amv"))
    assert output.gaps_s == 0
    assert_tone(harness, 2.0)


async def test_a_recording_of_surveillance_with_a_pause_has_silence_there(
    harness: TranscodingHarness, tmp_path: Path
) -> None:
    source = tmp_path / "pause.dav"
    source.write_bytes(rare.dhav_pcm(HZ, rare.tone(HZ, 440, 4 * HZ, 16_384), leap_s=3))
    output = await harness.convert(source)
    assert (output.duration_s, output.gaps_s) == pytest.approx((7.0, 3.0), abs=0.1)


async def test_mp3_in_a_file_of_a_walkman_is_converted(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    frames = media.made([*TONE, "-id3v2_version", "0", "-write_xing", "0"], "mp3").read_bytes()
    source = tmp_path / "tone.oma"
    source.write_bytes(rare.oma_mp3(frames))
    await harness.convert(source)
    assert_tone(harness, 2.0)


@pytest.mark.parametrize("suffix", WITHOUT_TONE)
async def test_silence_in_a_codec_without_an_encoder_keeps_its_duration(
    harness: TranscodingHarness, generation: Generation, tmp_path: Path, suffix: str
) -> None:
    if suffix == "aea" and tuple(map(int, generation.version.split("."))) < RECOGNISES_AEA:
        pytest.skip("this ffmpeg does not recognise AEA")
    make, seconds = WITHOUT_TONE[suffix]
    source = tmp_path / f"silence.{suffix}"
    source.write_bytes(make())
    output = await harness.convert(source)
    assert output.duration_s == pytest.approx(seconds, abs=0.1)


def assert_tone(harness: TranscodingHarness, seconds: float) -> None:
    sound = wave(harness.result, at_hz=HZ)
    assert len(sound) / HZ == pytest.approx(seconds, abs=0.1)
    assert strength(sound, 440, HZ) == pytest.approx(0.5, abs=0.1)
