"""Covers that ffmpeg does not find: large ones in front of the sound, and WebP."""

import os
from pathlib import Path

import pytest

from tests.integration.converter_service.ffmpeg.test_programme_and_tags import first_pixel
from tests.support.audio_checks import TranscodingHarness
from tests.support.media import Media, probe
from tests.support.tag_files import id3_with_picture, with_picture

TONE = ("-f", "lavfi", "-i", "sine=f=440:d=3:r=44100", "-fflags", "+bitexact", "-flags:a", "+bitexact")


def picture(media: Media, colour: str, kind: str) -> bytes:
    return media.made(["-f", "lavfi", "-i", f"color={colour}:s=64x64", "-frames:v", "1"], kind).read_bytes()


def padded(jpeg: bytes, size: int) -> bytes:
    """The JPEG with comments of `size` bytes."""
    comment = b"\xff\xfe" + (60_002).to_bytes(2, "big")
    return jpeg[:2] + b"".join(comment + os.urandom(60_000) for _ in range(size // 60_000)) + jpeg[2:]


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("container", ["flac", "aac", "mp3", "ac3"])
async def test_a_large_cover_hides_neither_sound_nor_title(
    harness: TranscodingHarness, media: Media, tmp_path: Path, container: str, version: int
) -> None:
    cover = padded(picture(media, "red", "jpg"), 2_000_000)
    tag = id3_with_picture(version, cover, "image/jpeg", {"TIT2": "Title", "TPE1": "Artist"}, tmp_path)
    song = tmp_path / "song"
    song.write_bytes(tag + media.made(TONE, container).read_bytes())
    output = await harness.convert(song, bitrate="64k")
    assert output.duration_s == pytest.approx(3.0, abs=0.1)
    kept = probe(harness.result)["format"]["tags"]
    assert (kept["title"], kept["artist"]) == ("Title", "Artist")
    red, _, blue = first_pixel(harness.result)
    assert red > blue + 100


@pytest.mark.parametrize("form", ["mp3", "m4a", "opus"])
@pytest.mark.parametrize("container", ["mp3", "flac", "m4a"])
async def test_a_webp_cover_becomes_a_jpeg(
    harness: TranscodingHarness, media: Media, tmp_path: Path, container: str, form: str
) -> None:
    cover, bare, song = picture(media, "red", "webp"), media.made(TONE, container), tmp_path / "song"
    if container == "mp3":
        song.write_bytes(id3_with_picture(4, cover, "image/webp", {}, tmp_path) + bare.read_bytes())
    else:
        with_picture(bare, song, cover, mime="image/webp")
    output = await harness.convert(song, format=form)
    assert output.duration_s == pytest.approx(3.0, abs=0.1)
    red, _, blue = first_pixel(harness.result)
    assert red > blue + 100
    shown = [each["codec_name"] for each in probe(harness.result)["streams"] if each["codec_type"] == "video"]
    assert shown == ["mjpeg"]


async def test_a_webp_cover_that_cannot_be_decoded_is_left_out(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    torn = picture(media, "red", "webp")[:24] + bytes(60)
    await harness.convert(with_picture(media.made(TONE, "m4a"), tmp_path / "song", torn, mime="image/webp"))
    assert [each["codec_type"] for each in probe(harness.result)["streams"]] == ["audio"]


@pytest.mark.parametrize("kind", ["jpg", "png"])
async def test_the_first_cover_of_mp4_is_the_front(
    harness: TranscodingHarness, media: Media, tmp_path: Path, kind: str
) -> None:
    covers = [picture(media, colour, kind) for colour in ("red", "blue")]
    mime = "image/png" if kind == "png" else "image/jpeg"
    await harness.convert(with_picture(media.made(TONE, "m4a"), tmp_path / "song", *covers, mime=mime))
    red, _, blue = first_pixel(harness.result)
    assert red > blue + 100
