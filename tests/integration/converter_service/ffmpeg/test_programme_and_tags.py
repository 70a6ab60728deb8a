"""Which track, picture and tags of a source stand for the programme."""

import struct
import subprocess
from pathlib import Path

import pytest

from tests.support.audio_checks import TranscodingHarness, pitch_hz
from tests.support.media import Media, probe

VIDEO = ("-f", "lavfi", "-i", "testsrc=size=160x90:duration=3")
TONES = ("-f", "lavfi", "-i", "sine=f=440:d=3", "-f", "lavfi", "-i", "sine=f=1000:d=3")
MAPPED = ("-map", "0", "-map", "1", "-map", "2", "-c:v", "mpeg4", "-c:a", "mp2")


@pytest.mark.parametrize(
    ("container", "disposition"),
    [("ts", "visual_impaired"), ("ts", "hearing_impaired"), ("mkv", "default+comment"),
     ("mkv", "visual_impaired"), ("mkv", "hearing_impaired")],
)  # fmt: skip
async def test_a_track_beside_the_programme_is_chosen_only_on_request(
    harness: TranscodingHarness, media: Media, container: str, disposition: str
) -> None:
    flags = ["-disposition:a:0", disposition, "-disposition:a:1", "0"]
    source = media.made([*VIDEO, *TONES, *MAPPED, *flags], container)
    await harness.convert(source, cover="none")
    assert pitch_hz(harness.result) == pytest.approx(1000, rel=0.02)
    await harness.convert(source, cover="none", audio_track="0")
    assert pitch_hz(harness.result) == pytest.approx(440, rel=0.02)


def frame(name: bytes, body: bytes) -> bytes:
    return name + struct.pack(">IH", len(body), 0) + body


def with_binary_frame(mp3: Path, target: Path) -> Path:
    """The MP3 behind an ID3v2.3 tag with a title, a tempo and a private frame."""
    private = frame(b"PRIV", b"TRAKTOR4\0A" + b"\x80" * 3000)
    frames = frame(b"TIT2", b"\0Title") + frame(b"TBPM", b"\x00120") + private
    size = bytes((len(frames) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    target.write_bytes(b"ID3\x03\0\0" + size + frames + mp3.read_bytes())
    return target


@pytest.mark.parametrize("form", ["mp3", "flac", "opus", "m4a"])
async def test_binary_frames_are_left_out_and_text_stays(
    harness: TranscodingHarness, media: Media, tmp_path: Path, form: str
) -> None:
    bare = media.made([*TONES[:4], "-c:a", "libmp3lame", "-id3v2_version", "0"], "mp3")
    await harness.convert(with_binary_frame(bare, tmp_path / "private.mp3"), format=form)
    found = probe(harness.result)
    tags = {**found["streams"][0].get("tags", {}), **found["format"].get("tags", {})}
    assert {name.lower(): text for name, text in tags.items()}["title"] == "Title"
    assert not any("priv" in name.lower() for name in tags)
    if form == "mp3":
        assert b"TBPM" in harness.result.read_bytes()[:4096]


def first_pixel(file: Path) -> bytes:
    """Red, green and blue of the picture's first pixel."""
    command = ["ffmpeg", "-v", "error", "-i", f"file:{file}", "-map", "0:v", "-frames:v", "1"]
    raw = ["-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
    return subprocess.check_output([*command, *raw], timeout=60)[:3]


@pytest.mark.parametrize("container", ["mp3", "flac"])
async def test_the_front_cover_is_taken_before_other_pictures(
    harness: TranscodingHarness, media: Media, container: str
) -> None:
    colours = [media.made(["-f", "lavfi", "-i", f"color={name}:s=64x64", "-frames:v", "1"], "png")
               for name in ("blue", "red")]  # fmt: skip
    pictures = ["-i", str(colours[0]), "-i", str(colours[1]), "-map", "0", "-map", "1", "-map", "2"]
    kinds = ["-metadata:s:v:0", "comment=Cover (back)", "-metadata:s:v:1", "comment=Cover (front)"]
    flags = ["-c:v", "copy", "-disposition:v", "attached_pic"]
    source = media.made([*TONES[:4], *pictures, *kinds, *flags], container)
    await harness.convert(source)
    red, _, blue = first_pixel(harness.result)
    assert red > blue + 100


async def test_a_comment_larger_than_the_probes_output_fails_no_conversion(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    marks = tmp_path / "marks.txt"
    marks.write_text(";FFMETADATA1\ncomment=" + "x" * 9_000_000 + "\n")
    source = media.made([*TONES[:4], "-i", str(marks), "-map_metadata", "1", "-c:a", "libvorbis"], "ogg")
    assert (await harness.convert(source)).duration_s == pytest.approx(3.0, abs=0.1)
