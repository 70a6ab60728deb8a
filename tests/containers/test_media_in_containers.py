"""Videos with covers, chapters and gaps are converted by the ffmpeg of the worker's image."""

import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.containers.composed_system import ComposedSystem
from tests.containers.docker import BUILD_S
from tests.support.audio_checks import samples
from tests.support.client import Person, signed_in, visiting
from tests.support.mailbox import first_link
from tests.support.media import Media, probe
from tests.support.timeline import Leap, Timeline

# The first test builds the images.
pytestmark = pytest.mark.timeout(2 * BUILD_S)
GAP_S = 2.0
MARKS = """;FFMETADATA1
[CHAPTER]
TIMEBASE=1/1000
START=0
END=1000
title=First
[CHAPTER]
TIMEBASE=1/1000
START=1000
END=2000
title=Second
"""


@pytest.fixture
async def person(composed: ComposedSystem) -> AsyncIterator[Person]:
    async with visiting(composed.url) as http:
        yield await signed_in(http)


@pytest.fixture
def video(media: Media) -> Path:
    """A video with two chapters and an attached picture."""
    marks = media.directory / "marks.txt"
    marks.write_text(MARKS)
    plain = ["-i", str(media.video(2.0)), "-i", str(media.picture(container="png"))]
    chapters = ["-f", "ffmetadata", "-i", str(marks), "-map_chapters", "2"]
    picture = ["-map", "0", "-map", "1", "-c", "copy", "-disposition:v:1", "attached_pic"]
    return media.made([*plain, *chapters, *picture], "mp4")


@pytest.mark.parametrize("format_", ["mp3", "m4a", "opus", "flac"])
async def test_covers_and_chapters_of_a_video_are_in_the_result(
    person: Person, video: Path, tmp_path: Path, format_: str
) -> None:
    result = await downloaded(person, await converted(person, video, format=format_), tmp_path)
    assert [each["tags"]["title"] for each in chapters(result)] == ["First", "Second"]
    assert [each for each in probe(result)["streams"] if each["disposition"]["attached_pic"]]


@pytest.mark.parametrize(("container", "codec"), [("mkv", "aac"), ("ts", "mp2"), ("mp4", "aac")])
@pytest.mark.parametrize("format_", ["mp3", "flac"])
async def test_a_gap_is_silence_in_the_result_and_stands_in_the_record(
    person: Person, media: Media, tmp_path: Path, container: str, codec: str, format_: str
) -> None:
    timeline = Timeline(4.0, leaps=(Leap(2.0, GAP_S),))
    record = await converted(person, timeline.write(media, container, codec), format=format_)
    assert record["result"]["gaps"] == pytest.approx(GAP_S, abs=0.06)
    decoded = samples(await downloaded(person, record, tmp_path))
    assert max(map(abs, decoded[int(2.2 * 8000) : int(3.8 * 8000)])) < 100
    assert max(map(abs, decoded[int(4.2 * 8000) : int(5.8 * 8000)])) > 8000


async def test_the_mail_of_a_conversion_has_a_link_that_gives_its_audio(
    composed: ComposedSystem, person: Person, video: Path
) -> None:
    record = await converted(person, video)
    text = await composed.mail_to(person.email, record["source"]["filename"])
    answer = await person.http.get(first_link(text))
    assert (answer.status_code, len(answer.content)) == (200, record["result"]["size"])


async def converted(person: Person, file: Path, **options: str) -> dict[str, Any]:
    answer = await person.upload(file, **options)
    assert answer.status_code == 202, answer.text
    record = await person.finished(str(answer.json()["id"]))
    assert record["status"] == "completed", record["error"]
    return record


async def downloaded(person: Person, record: dict[str, Any], folder: Path) -> Path:
    file = folder / f"result.{record['result']['format']}"
    file.write_bytes((await person.audio(record["id"])).content)
    return file


def chapters(file: Path) -> list[dict[str, Any]]:
    command = ["ffprobe", "-v", "error", "-show_chapters", "-of", "json", str(file)]
    found: list[dict[str, Any]] = json.loads(subprocess.check_output(command, timeout=60))["chapters"]
    return found
