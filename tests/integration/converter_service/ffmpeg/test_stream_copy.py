"""Stream copy: audio that already meets the request keeps its packets."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from tests.support.audio_checks import TranscodingHarness
from tests.support.audio_signals import chirp, likeness, wave
from tests.support.media import Media, probe

SECONDS = 1.5
PICTURE = ("-f", "lavfi", "-i", f"testsrc=size=64x36:rate=25:duration={SECONDS}")


def packets(file: Path) -> list[str]:
    """A digest of each packet of the first audio track; AAC without its ADTS headers."""
    plain = ["-bsf:a", "aac_adtstoasc"] if file.suffix == ".ts" else []
    hashing = [*plain, "-map", "0:a:0", "-c", "copy", "-f", "framehash", "-"]
    command = ["ffmpeg", "-v", "error", "-i", f"file:{file}", *hashing]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    return [line.split(",")[5].strip() for line in printed.splitlines() if not line.startswith("#")]


def track_bytes(file: Path) -> bytes:
    """The bytes of all packets of the first audio track."""
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        f"file:{file}",
        "-map",
        "0:a:0",
        "-c",
        "copy",
        "-f",
        "data",
        "-",
    ]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


@pytest.mark.parametrize(
    ("container", "codec", "fields"),
    [
        pytest.param("mp4", ("aac", "-b:a", "128k"), {"format": "m4a"}, id="aac in mp4 to m4a"),
        pytest.param("ts", ("aac", "-b:a", "128k"), {"format": "m4a"}, id="aac in ts to m4a"),
        pytest.param("mkv", ("libmp3lame", "-b:a", "128k"), {}, id="mp3 in mkv to mp3"),
        pytest.param("mp4", ("libmp3lame", "-b:a", "160k"), {"bitrate": "160k"}, id="mp3 in mp4 to mp3"),
        pytest.param("avi", ("libmp3lame", "-q:a", "4"), {"title": "x"}, id="vbr mp3 in avi to mp3"),
        pytest.param("webm", ("libopus", "-b:a", "96k"), {"format": "opus"}, id="opus in webm to opus"),
        pytest.param("mkv", ("flac",), {"format": "flac", "cover": "auto"}, id="flac in mkv to flac"),
    ],
)
async def test_packets_are_copied_unchanged(
    harness: TranscodingHarness, media: Media, container: str, codec: tuple[str, ...], fields: dict[str, str]
) -> None:
    picture = {"webm": "libvpx", "ts": "mpeg2video"}.get(container, "mpeg4")
    source = media.made(
        [*PICTURE, *chirp(SECONDS, layout="stereo"), "-c:v", picture, "-c:a", *codec], container
    )
    output = await harness.convert(source, **fields)
    copied = packets(harness.result)
    assert set(copied) <= set(packets(source))
    assert len(copied) > 10
    assert output.duration_s == pytest.approx(SECONDS, abs=0.1)
    alike, lag_s = likeness(wave(source), wave(harness.result))
    assert alike > 0.99
    assert abs(lag_s) < 0.04
    if "title" in fields:
        assert probe(harness.result)["format"]["tags"]["title"] == "x"
    if "cover" in fields:
        assert any(stream["disposition"]["attached_pic"] for stream in probe(harness.result)["streams"])


@pytest.mark.parametrize("container", ["mov", "avi", "mkv"])
async def test_uncompressed_samples_are_copied_unchanged(
    harness: TranscodingHarness, media: Media, container: str
) -> None:
    """Bytes are compared, because generations of ffmpeg divide uncompressed sound into different packets."""
    source = media.made([*PICTURE, *chirp(SECONDS), "-c:v", "mpeg4", "-c:a", "pcm_s16le"], container)
    await harness.convert(source, format="wav")
    assert track_bytes(harness.result) == track_bytes(source)


@pytest.mark.parametrize(
    ("bitrate", "fields", "made_bps"),
    [
        pytest.param("320k", {}, 192_000, id="larger than the default"),
        pytest.param("128k", {"bitrate": "64k"}, 64_000, id="larger than requested"),
        pytest.param("64k", {"bitrate": "128k"}, 128_000, id="smaller than requested"),
    ],
)
async def test_another_bit_rate_is_encoded(
    harness: TranscodingHarness, media: Media, bitrate: str, fields: dict[str, str], made_bps: int
) -> None:
    source = media.made([*chirp(SECONDS), "-b:a", bitrate], "mp3")
    assert (await harness.convert(source, **fields)).bitrate_bps == made_bps


async def test_audio_is_encoded_where_a_copy_would_be_damaged(
    harness: TranscodingHarness, media: Media
) -> None:
    """With noise in the middle the copy cannot be decoded; encoding succeeds or the file is refused."""
    holed = bytearray(media.made([*chirp(SECONDS), "-b:a", "128k"], "mp3").read_bytes())
    middle = len(holed) // 2
    holed[middle : middle + 900] = hashlib.shake_128(b"noise").digest(900)
    file = harness.source
    file.write_bytes(holed)
    output = await harness.convert(file)
    assert output.bitrate_bps == 192_000
    assert output.duration_s == pytest.approx(SECONDS, abs=0.2)


async def test_audio_removed_by_an_edit_list_is_not_restored(
    harness: TranscodingHarness, media: Media
) -> None:
    whole = media.made([*PICTURE, *chirp(SECONDS), "-c:v", "mpeg4", "-c:a", "aac"], "mp4")
    cut = media.made(["-ss", "0.3", "-i", str(whole), "-t", "1", "-c", "copy"], "mp4")
    output = await harness.convert(cut, format="m4a")
    assert output.duration_s == pytest.approx(1.0, abs=0.1)
    assert likeness(wave(cut), wave(harness.result))[0] > 0.99
