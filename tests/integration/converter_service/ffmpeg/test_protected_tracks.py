"""Only the chosen track's protection counts, and a clear track is chosen where there is one."""

import re
from pathlib import Path

import pytest

from converter_service.media.errors import Fault, MediaError
from tests.support.audio_checks import TranscodingHarness, pitch_hz
from tests.support.media import Media
from tests.support.protected_media import TRACK_NAME, locked_matroska, locked_mp4, scrambled

TONES = ("-f", "lavfi", "-i", "sine=f=440:d=3:r=48000", "-f", "lavfi", "-i", "sine=f=1000:d=3:r=48000")
VIDEO = ("-f", "lavfi", "-i", "testsrc=size=64x36:d=3", "-pix_fmt", "yuv420p")
BOTH = (*TONES, "-map", "0", "-map", "1")
ALL = (*TONES, *VIDEO, "-map", "2", "-map", "0", "-map", "1")
TELEVISION = ("-map", "2", "-c:v", "mpeg2video")
DVB = ("-mpegts_flags", "system_b")
NAMED = ("-metadata:s:a", f"title={TRACK_NAME}")
FIRST_PID = 0x100


@pytest.mark.parametrize(
    "codec",
    [
        (*TELEVISION, "-c:a", "ac3", *DVB),
        ("-c:a", "ac3", *DVB),
        ("-c:a", "eac3", *DVB),
        ("-c:a", "dca", "-strict", "-2", *DVB),
        ("-c:a", "aac", "-mpegts_flags", "latm"),
        ("-c:a", "mp2"),
        ("-c:a", "libopus"),
    ],
    ids=" ".join,
)
async def test_a_scrambled_broadcast_is_called_protected_whatever_its_codec(
    harness: TranscodingHarness, media: Media, tmp_path: Path, codec: tuple[str, ...]
) -> None:
    whole = media.made([*TONES, *VIDEO, "-map", "0", "-ac", "2", *codec], "ts").read_bytes()
    await assert_protected(harness, written(tmp_path, scrambled(whole, FIRST_PID, FIRST_PID + 1)))


@pytest.mark.parametrize("codec", [("ac3", *DVB), ("mp2",)], ids=" ".join)
async def test_a_broadcast_with_one_clear_track_is_converted(
    harness: TranscodingHarness, media: Media, tmp_path: Path, codec: tuple[str, ...]
) -> None:
    whole = media.made([*BOTH, "-c:a", *codec], "ts").read_bytes()
    await assert_second_only(harness, written(tmp_path, scrambled(whole, FIRST_PID)))


@pytest.mark.parametrize(("container", "name"), [("mp4", b"enca"), ("mov", b"drms"), ("mp4", b"aavd")])
async def test_an_mp4_with_one_clear_track_is_converted(
    harness: TranscodingHarness, media: Media, tmp_path: Path, container: str, name: bytes
) -> None:
    whole = media.made([*BOTH, "-c:a", "aac"], container).read_bytes()
    await assert_second_only(harness, written(tmp_path, locked_mp4(whole, 0, name)))


@pytest.mark.parametrize(
    ("container", "codec", "name"),
    [
        ("mp4", "aac", b"mp4a"),
        ("mov", "aac", b"mp4a"),
        ("mov", "pcm_s16le", b"sowt"),
        ("mp4", "ac3", b"ac-3"),
        ("mp4", "libopus", b"Opus"),
        ("mov", "pcm_f64be", b"lpcm"),
    ],
)
async def test_an_mp4_whose_sample_entries_keep_the_name_of_their_codec_is_protected_all_the_same(
    harness: TranscodingHarness, media: Media, tmp_path: Path, container: str, codec: str, name: bytes
) -> None:
    """Only the protection information in the sample entry tells it."""
    whole = media.made([*BOTH, "-c:a", codec], container).read_bytes()
    one = locked_mp4(whole, 0, name)
    assert b"enca" not in one
    await assert_second_only(harness, written(tmp_path, one))
    await assert_protected(harness, written(tmp_path, locked_mp4(one, 1, name)))


async def test_the_name_of_a_buyer_in_a_sample_entry_is_no_protection(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    """Songs that are sold without protection have the boxes of `sinf` in one that is named `pinf`."""
    whole = locked_mp4(media.made([*BOTH, "-c:a", "aac"], "mp4").read_bytes(), 0, b"mp4a")
    assert whole.count(b"sinf") == 1
    await harness.convert(written(tmp_path, whole.replace(b"sinf", b"pinf")))
    assert pitch_hz(harness.result) == pytest.approx(440, rel=0.02)


async def test_a_matroska_file_with_one_clear_track_is_converted(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    whole = media.made([*ALL, *NAMED, "-c:v", "mpeg4", "-c:a", "aac"], "mkv").read_bytes()
    await assert_second_only(harness, written(tmp_path, locked_matroska(whole, 0)))


async def test_sample_aes_of_one_track_leaves_the_other(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    whole = media.made([*BOTH, "-c:a", "aac"], "ts").read_bytes()
    changed, count = re.subn(rb"\x0f(?=\xe1\x00\xf0)", b"\xcf", whole)
    assert count
    await assert_second_only(harness, written(tmp_path, changed))


@pytest.mark.parametrize("name", [b"encv", b"avc1"])
async def test_an_encrypted_picture_is_no_cover(
    harness: TranscodingHarness, media: Media, tmp_path: Path, name: bytes
) -> None:
    whole = media.made([*ALL, "-c:v", "libx264", "-c:a", "aac"], "mp4").read_bytes()
    info = await harness.probe(written(tmp_path, locked_mp4(whole, 0, name)))
    assert not info.pictures
    assert not any(track.is_protected for track in info.audio_tracks)


def written(folder: Path, content: bytes) -> Path:
    file = folder / "song"
    file.write_bytes(content)
    return file


async def assert_second_only(harness: TranscodingHarness, source: Path) -> None:
    for fields in ({}, {"audio_track": "1"}):
        output = await harness.convert(source, **fields)
        assert output.duration_s == pytest.approx(3.0, abs=0.1)
        assert pitch_hz(harness.result) == pytest.approx(1000, rel=0.02)
    await assert_protected(harness, source, audio_track="0")


async def assert_protected(harness: TranscodingHarness, source: Path, **fields: str) -> None:
    with pytest.raises(MediaError, match="protected") as refused:
        await harness.convert(source, **fields)
    assert refused.value.code is Fault.UNSUPPORTED_MEDIA
