"""Encrypted sound is refused by name, never converted to noise."""

import re
from pathlib import Path

import pytest

from converter_service.media.errors import Fault, MediaError
from tests.support.audio_checks import TranscodingHarness
from tests.support.media import Media
from tests.support.protected_media import TRACK_NAME, locked_matroska

TONE = ["-f", "lavfi", "-i", "sine=f=440:d=3:r=44100"]
KEYS = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb"]
ID = ["-encryption_kid", "a7e61c373e219033c21091fa607bf3b8"]
FRAGMENTS = ["-movflags", "+frag_keyframe+empty_moov+default_base_moof"]
ASF_LOCK = bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e") + (40).to_bytes(8, "little") + bytes(16)


@pytest.mark.parametrize(
    ("codec", "form", "extra"),
    [
        ("pcm_s16le", "mov", []),
        ("aac", "mp4", []),
        ("aac", "mp4", ["-movflags", "+faststart"]),
        ("aac", "mp4", FRAGMENTS),
        ("flac", "mp4", ["-strict", "-2"]),
        ("libopus", "mp4", []),
    ],
)
async def test_an_encrypted_mp4_is_called_protected(
    harness: TranscodingHarness, media: Media, codec: str, form: str, extra: list[str]
) -> None:
    source = media.made([*TONE, "-c:a", codec, *KEYS, *ID, *extra, "-f", form], form)
    await assert_protected(harness, source)


async def test_a_bought_song_is_called_protected(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    song = tmp_path / "song.m4a"
    song.write_bytes(media.made(TONE, "m4a").read_bytes().replace(b"mp4a", b"drms", 1))
    await assert_protected(harness, song)


async def test_windows_media_with_rights_management_is_called_protected(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    whole = media.made(TONE, "wma").read_bytes()
    song = tmp_path / "song.wma"
    song.write_bytes(whole[:30] + ASF_LOCK + whole[30:])
    await assert_protected(harness, song)


async def test_an_encrypted_matroska_track_is_called_protected(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    whole = media.made([*TONE, "-metadata:s:a", f"title={TRACK_NAME}"], "mka").read_bytes()
    song = tmp_path / "song.mka"
    song.write_bytes(locked_matroska(whole, 0))
    await assert_protected(harness, song)


@pytest.mark.parametrize(("codec", "kinds"), [("aac", (0x0F, 0xCF)), ("ac3", (0x81, 0xC1))])
async def test_sample_aes_in_a_transport_stream_is_called_protected(
    harness: TranscodingHarness, media: Media, tmp_path: Path, codec: str, kinds: tuple[int, int]
) -> None:
    """The map table names the encrypted type; that of a Dolby codec has a private data indicator."""
    whole = media.made([*TONE, "-c:a", codec], "ts").read_bytes()
    # In the map table: type, PID 0x100, length of the descriptors.
    entry = re.compile(rb"%c(\xe1\x00\xf0.)(.)" % kinds[0], re.DOTALL)
    indicator = b"\x0f" if codec == "ac3" else b"\\2"
    changed, count = entry.subn(rb"%c\1%b" % (kinds[1], indicator), whole)
    assert count
    song = tmp_path / "song.ts"
    song.write_bytes(changed)
    await assert_protected(harness, song)


async def assert_protected(harness: TranscodingHarness, source: Path) -> None:
    with pytest.raises(MediaError, match="protected") as refused:
        await harness.convert(source)
    assert refused.value.code is Fault.UNSUPPORTED_MEDIA
