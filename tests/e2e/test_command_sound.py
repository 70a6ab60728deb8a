"""`tonegate convert --only-sound` on the real system: fewer bytes, the same audio, also after a crash."""

import asyncio
from pathlib import Path

import pytest

from tests.support.cable import cable
from tests.support.client import Person
from tests.support.media import Media
from tests.support.own_conversions import audio_of, conversions_of
from tests.support.system import System
from tests.support.tonegate_command import TonegateCommand

SECONDS = 180


@pytest.fixture
def video(media: Media, tmp_path: Path) -> Path:
    """A video whose sound is a few megabytes, and its pictures more."""
    made = media.made(
        [
            *("-f", "lavfi", "-i", f"testsrc=size=320x180:rate=25:duration={SECONDS}"),
            *("-f", "lavfi", "-i", f"anoisesrc=d={SECONDS}:c=pink:r=48000:a=0.3:seed=1"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-b:v", "2M", "-pix_fmt", "yuv420p"),
            *("-c:a", "aac", "-b:a", "192k", "-metadata", "title=A talk"),
        ],
        "mp4",
    )
    folder = tmp_path / "videos"
    folder.mkdir()
    return made.rename(folder / "talk.mp4")


async def test_the_sound_gives_the_audio_of_the_video_and_an_interrupted_upload_of_it_goes_on(
    system: System, person: Person, video: Path, tmp_path: Path
) -> None:
    async with cable(system.address, 1_000_000) as (line, url):
        tonegate = TonegateCommand(url, tmp_path, video.parent)
        await tonegate.sign_in(person.email, person.password)
        async with tonegate.start("convert", "talk.mp4", "--only-sound") as process:
            await asyncio.wait_for(line.holds.wait(), 120)
            process.kill()
        assert len(list((tmp_path / "state/sound").iterdir())) == 1
        await line.hold_nothing()
        before = line.sent
        (done,) = (await tonegate.done("convert", "talk.mp4", "--only-sound", "--json")).records
        sent_again = line.sent - before
    assert "sent_whole" not in done
    assert list((tmp_path / "state/sound").iterdir()) == []

    (found,) = await conversions_of(person)
    assert (found["source"]["filename"], found["source"]["size"] < video.stat().st_size / 2) == (
        "talk.mp4",
        True,
    )
    assert sent_again < found["source"]["size"] - 500_000
    whole = TonegateCommand(system.url, tmp_path / "whole", video.parent)
    await whole.sign_in(person.email, person.password)
    await whole.done("convert", "talk.mp4", "-o", str(tmp_path / "whole"))
    assert (tmp_path / "whole/talk.mp3").read_bytes() == (video.parent / "talk.mp3").read_bytes()
    assert await audio_of(person, [found]) == [(video.parent / "talk.mp3").read_bytes()]


async def test_a_video_whose_sound_cannot_be_copied_is_sent_whole_and_a_line_says_why(
    system: System, person: Person, media: Media, tmp_path: Path
) -> None:
    (tmp_path / "talk.avi").write_bytes(media.video(seconds=1, container="avi").read_bytes())
    tonegate = TonegateCommand(system.url, tmp_path, tmp_path)
    await tonegate.sign_in(person.email, person.password)
    done = await tonegate.done("convert", "talk.avi", "--only-sound")
    assert done.stderr.startswith("talk.avi: sent whole, because it is no MP4, MOV, Matroska or WebM\n")
    assert (tmp_path / "talk.mp3").exists()
