"""Tags, chapters and covers of results, read with ffprobe."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.audio_checks import TranscodingHarness
from tests.support.media import Media, probe

SECONDS = 4.0
TONE = ("-f", "lavfi", "-i", f"sine=frequency=440:duration={SECONDS}")
VIDEO = ("-f", "lavfi", "-i", f"testsrc=size=160x90:rate=25:duration={SECONDS}", *TONE, "-c:v", "mpeg4")


def chapters(file: Path) -> list[tuple[float, float, str]]:
    command = ["ffprobe", "-v", "error", "-show_chapters", "-of", "json", f"file:{file}"]
    found: list[dict[str, Any]] = json.loads(subprocess.check_output(command, timeout=60))["chapters"]
    return [(float(each["start_time"]), float(each["end_time"]), each["tags"]["title"]) for each in found]


def tags(file: Path) -> dict[str, str]:
    """The file's tags, or its track's (in Ogg); names in lower case."""
    found = probe(file)
    first = next(stream for stream in found["streams"] if stream["codec_type"] == "audio")
    both = {**first.get("tags", {}), **found["format"].get("tags", {})}
    return {name.lower(): text for name, text in both.items()}


def picture(file: Path) -> dict[str, Any] | None:
    found = [each for each in probe(file)["streams"] if each["disposition"]["attached_pic"]]
    return found[0] if found else None


@pytest.fixture(scope="module")
def marked(media: Media, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video with three chapters and some tags."""
    marks = tmp_path_factory.mktemp("marks") / "marks.txt"
    marks.write_text(
        ";FFMETADATA1\ntitle=Old\nartist=Kept\ngenre=Talk\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=2500\ntitle=Zwei \\= zwei\\; ü\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=2500\nEND=4000\ntitle=Three\n"
    )
    with_marks = ["-i", str(marks), "-map_metadata", "2", "-map_chapters", "2", "-c:a", "aac"]
    return media.made([*VIDEO, *with_marks], "mkv")


def pictured(media: Media, size: str, image: str, container: str) -> Path:
    """A tone with an attached picture."""
    beside = media.made(["-f", "lavfi", "-i", f"testsrc=size={size}", "-frames:v", "1"], image)
    attached = ["-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v", "attached_pic"]
    return media.made([*TONE, "-i", str(beside), *attached], container)


@pytest.mark.parametrize("form", ["mp3", "m4a", "opus", "flac"])
async def test_chapters_tags_and_cover_are_kept_in_every_format_that_supports_them(
    harness: TranscodingHarness, marked: Path, form: str
) -> None:
    output = await harness.convert(
        marked, format=form, start="0.5", end="3", cover="auto", title="New = 'quoted' -y \\", album="-f null"
    )
    assert output.duration_s == pytest.approx(2.5, abs=0.1)
    assert [title for *_, title in chapters(harness.result)] == ["One", "Zwei = zwei; ü", "Three"]
    starts = [start for start, *_ in chapters(harness.result)]
    assert starts == pytest.approx([0.0, 0.5, 2.0], abs=0.01)
    assert chapters(harness.result)[-1][1] == pytest.approx(2.5, abs=0.06)
    found = tags(harness.result)
    assert (found["title"].rstrip(), found["artist"], found["album"]) == (
        "New = 'quoted' -y \\",
        "Kept",
        "-f null",
    )
    assert found["genre"] == "Talk"
    shown = picture(harness.result)
    assert shown is not None
    assert (shown["codec_name"], shown["width"], shown["height"]) == ("mjpeg", 160, 90)
    assert sorted(path.name for path in harness.scratch.iterdir()) == ["result", "source"]


async def test_wav_has_tags_only(harness: TranscodingHarness, marked: Path) -> None:
    await harness.convert(marked, format="wav")
    assert (tags(harness.result)["title"], chapters(harness.result)) == ("Old", [])


async def test_a_video_frame_is_a_cover_on_request_only_and_ogg_tags_are_on_the_track(
    harness: TranscodingHarness, media: Media
) -> None:
    source = media.made(
        [*VIDEO[:-2], "-c:v", "libtheora", "-c:a", "libvorbis", "-metadata:s:a", "title=Ogg"], "ogv"
    )
    await harness.convert(source)
    assert (tags(harness.result)["title"], picture(harness.result)) == ("Ogg", None)


@pytest.mark.parametrize(
    ("container", "image"), [("m4a", "png"), ("mp3", "jpg"), ("flac", "png")], ids=lambda name: name
)
async def test_an_embedded_picture_is_kept_scaled_down_and_encoded_again(
    harness: TranscodingHarness, media: Media, container: str, image: str
) -> None:
    source = pictured(media, "1600x900", image, container)
    await harness.convert(source, bitrate="64k")
    shown = picture(harness.result)
    assert shown is not None
    assert (shown["codec_name"], shown["width"], shown["height"]) == ("mjpeg", 1000, 563)
    await harness.convert(source, bitrate="64k", cover="none")
    assert picture(harness.result) is None


async def test_pixels_that_are_not_square_are_made_so(harness: TranscodingHarness, media: Media) -> None:
    wide = media.made([*VIDEO[:-2], "-vf", "setsar=2", "-c:v", "mpeg4", "-c:a", "aac"], "mp4")
    await harness.convert(wide, cover="auto")
    shown = picture(harness.result)
    assert shown is not None
    assert (shown["width"], shown["height"]) == (320, 90)


async def test_an_unusable_cover_is_left_out(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    """A PNG that claims to be 60,000 pixels wide and as high, and one that is cut off."""
    small = pictured(media, "64x36", "png", "mp3")
    whole = small.read_bytes()
    at = whole.index(b"IHDR") + 4
    bomb, torn = tmp_path / "bomb.mp3", tmp_path / "torn.mp3"
    bomb.write_bytes(whole[:at] + (60_000).to_bytes(4, "big") * 2 + whole[at + 8 :])
    torn.write_bytes(whole[: at + 40] + bytes(64) + whole[at + 104 :])
    for file in (bomb, torn):
        output = await harness.convert(file, cover="auto")
        assert output.duration_s == pytest.approx(SECONDS, abs=0.1)
    assert picture(harness.result) is None or file is torn
