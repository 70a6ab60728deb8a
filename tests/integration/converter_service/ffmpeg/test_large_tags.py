"""Large ID3v2 tags before sound of several formats."""

from pathlib import Path

import pytest

from tests.support.audio_checks import TranscodingHarness
from tests.support.media import Media, probe

# Without tags of its own, which ffmpeg prefers to those in an ID3v2 tag.
TONE = ["-f", "lavfi", "-i", "sine=f=440:d=3:r=44100", "-fflags", "+bitexact", "-flags:a", "+bitexact"]


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("name", [b"PRIV", b"GEOB"])
@pytest.mark.parametrize("container", ["flac", "aac", "ac3", "mp3", "tta"])
async def test_a_large_tag_hides_neither_sound_nor_title(
    harness: TranscodingHarness, media: Media, tmp_path: Path, container: str, name: bytes, version: int
) -> None:
    song = tmp_path / "song"
    song.write_bytes(tag(version, name, 2_000_000) + media.made(TONE, container).read_bytes())
    output = await harness.convert(song, bitrate="64k")
    assert output.duration_s == pytest.approx(3.0, abs=0.1)
    kept = probe(harness.result)["format"]["tags"]
    assert (kept["title"], kept["artist"]) == ("Title", "Artist")


def tag(version: int, name: bytes, size: int) -> bytes:
    """An ID3v2 tag with a title, an artist, and a large frame between them."""
    bits = 7 if version == 4 else 8
    content = {b"TIT2": b"\0Title", name: b"x\0" + b"A" * size, b"TPE1": b"\0Artist"}
    frames = b"".join(key + digits(len(data), bits) + bytes(2) + data for key, data in content.items())
    return b"ID3" + bytes((version, 0, 0)) + digits(len(frames) + 100, 7) + frames + bytes(100)


def digits(value: int, bits: int) -> bytes:
    return bytes(value >> bits * place & ((1 << bits) - 1) for place in (3, 2, 1, 0))
