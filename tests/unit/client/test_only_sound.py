"""Copies of sound that are sent in place of videos: the same upload goes on, nothing is left, or a reason."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from tests.unit.client.converter import AUDIO, Converter
from tonegate_client.command.app import run
from tonegate_client.command.exit_codes import ExitCode
from tonegate_client.file_conversion import FileConversion
from tonegate_client.models import Options
from tonegate_client.problems import Problem
from tonegate_client.sound.copies import SoundCopies, remove_leftovers
from tonegate_client.sound.description import AudioTrack, Chapter, Description, difference
from tonegate_client.sound.engine import Engine, EngineFailed
from tonegate_client.state.file_lock import NamedLocks
from tonegate_client.state.jobs import JobStore

VIDEO_BYTES = b"\0\0\0\x14ftyp the video"
TRACK = AudioTrack(codec="aac", start_s=0.0, tags={"language": "deu"}, is_default=True)
VIDEO = Description(
    format="mov,mp4,m4a,3gp,3g2,mj2",
    start_s=0.0,
    duration_s=10.0,
    tags={"title": "Talk", "major_brand": "isom", "encoder": "one"},
    audio=(TRACK,),
    chapters=(Chapter(0.0, 5.0, "One"),),
    has_pictures=True,
)
SOUND = msgspec.structs.replace(VIDEO, has_pictures=False, tags={"title": "Talk"}, duration_s=9.95)


@dataclass(frozen=True)
class StubEngine:
    """Copies a text."""

    copied: bytes = b"sound"
    video: Description = VIDEO
    sound: Description = SOUND
    digests: dict[str, tuple[str, ...]] = field(default_factory=dict)

    async def describe(self, path: Path) -> Description:
        return self.sound if path.parent.parent.name == "sound" else self.video

    async def copy(self, source: Path, target: Path, container: str) -> None:
        assert container == "mp4"
        target.write_bytes(self.copied)

    async def packets(self, path: Path) -> tuple[str, ...]:
        return self.digests.get(path.parent.parent.name, ("digest",))


@dataclass(frozen=True)
class FailingEngine(StubEngine):
    async def copy(self, source: Path, target: Path, container: str) -> None:
        target.write_bytes(b"so")
        raise EngineFailed("ffmpeg: no\nspace left")


@dataclass(frozen=True)
class WaitingEngine(StubEngine):
    """Never finishes a copy."""

    began: asyncio.Event = field(default_factory=asyncio.Event)

    async def copy(self, source: Path, target: Path, container: str) -> None:
        target.write_bytes(b"so")
        self.began.set()
        await asyncio.Event().wait()


@pytest.fixture
def server() -> Converter:
    return Converter()


@pytest.fixture
def jobs() -> Iterator[JobStore]:
    with contextlib.closing(JobStore.in_memory()) as jobs:
        yield jobs


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "talk.mp4"
    path.write_bytes(VIDEO_BYTES)
    return path


async def convert(server: Converter, jobs: JobStore, video: Path, engine: Engine | None) -> str:
    """Returns the reason why the video was sent whole. No copy may be left."""
    folder = video.parent / "sound"
    async with server.client() as client:
        conversion = FileConversion(client, jobs, sound=SoundCopies(engine, folder))
        try:
            await conversion.run(video, video.with_suffix(".mp3"), Options())
        finally:
            assert not folder.exists() or list(folder.iterdir()) == []
    assert video.with_suffix(".mp3").read_bytes() == AUDIO
    return conversion.whole_reason


async def test_the_copy_is_sent_in_place_of_the_video(server: Converter, jobs: JobStore, video: Path) -> None:
    assert await convert(server, jobs, video, StubEngine()) == ""
    assert (server.bodies, server.uploads) == ([b"sound"], 1)
    metadata = server.seen[0].headers["upload-metadata"]
    assert "filename dGFsay5tcDQ=" in metadata  # talk.mp4


@pytest.mark.parametrize(
    ("second", "uploads", "bodies"),
    [(StubEngine(), 1, [b"sound", b"sound"]), (StubEngine(copied=b"other"), 2, [b"sound", b"other"])],
)
async def test_an_interrupted_upload_goes_on_if_the_copy_has_the_same_bytes(
    server: Converter, jobs: JobStore, video: Path, second: Engine, uploads: int, bodies: list[bytes]
) -> None:
    server.refusals = 1
    with pytest.raises(Problem):
        await convert(server, jobs, video, StubEngine())
    assert await convert(server, jobs, video, second) == ""
    assert (server.uploads, server.bodies) == (uploads, bodies)
    assert ("DELETE /v1/uploads/c1" in server.paths()) is (uploads == 2)


async def test_an_upload_that_began_whole_goes_on_whole(
    server: Converter, jobs: JobStore, video: Path
) -> None:
    server.refusals = 1
    with pytest.raises(Problem):
        await convert(server, jobs, video, None)
    assert await convert(server, jobs, video, StubEngine()) == "its upload began so"
    assert (server.uploads, server.bodies) == (1, [VIDEO_BYTES, VIDEO_BYTES])


async def test_an_upload_of_a_copy_is_not_continued_with_the_video(
    server: Converter, jobs: JobStore, video: Path
) -> None:
    server.refusals = 1
    with pytest.raises(Problem):
        await convert(server, jobs, video, StubEngine())
    assert "installed" in await convert(server, jobs, video, None)
    assert (server.uploads, server.bodies) == (2, [b"sound", VIDEO_BYTES])


TRACKS = (msgspec.structs.replace(TRACK, codec="pcm_s16le"),)


@pytest.mark.parametrize(
    ("engine", "reason"),
    [
        (None, "neither PyAV nor ffmpeg is installed"),
        (FailingEngine(), "ffmpeg: no space left"),
        (StubEngine(copied=VIDEO_BYTES), "little would be saved"),
        (
            StubEngine(video=msgspec.structs.replace(VIDEO, format="avi")),
            "it is no MP4, MOV, Matroska or WebM",
        ),
        (StubEngine(video=msgspec.structs.replace(VIDEO, audio=())), "it has no sound"),
        (StubEngine(video=msgspec.structs.replace(VIDEO, has_pictures=False)), "it has no pictures"),
        (StubEngine(video=msgspec.structs.replace(VIDEO, has_cover=True)), "it has a cover"),
        (
            StubEngine(video=msgspec.structs.replace(VIDEO, audio=TRACKS)),
            "its sound is of a kind that is not copied",
        ),
        (StubEngine(digests={"sound": ("other",)}), "a copy of its sound would differ in the packets"),
    ],
)
async def test_the_video_is_sent_for_a_reason(
    server: Converter, jobs: JobStore, video: Path, engine: Engine | None, reason: str
) -> None:
    assert await convert(server, jobs, video, engine) == reason
    assert server.bodies == [VIDEO_BYTES]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"start_s": 0.5}, "clock"),
        ({"tags": {"title": "Other"}}, "tags"),
        ({"audio": (TRACK, TRACK)}, "audio tracks"),
        ({"audio": (msgspec.structs.replace(TRACK, tags={"language": "eng"}),)}, "audio tracks"),
        ({"chapters": ()}, "chapters"),
        ({"duration_s": 9.8}, "duration"),
        ({"duration_s": None}, "duration"),
        ({"tags": {"title": "Talk", "BPS-eng": "1", "DURATION": "1", "_STATISTICS_TAGS": "BPS"}}, ""),
    ],
)
def test_what_a_result_may_depend_on_tells_a_copy_from_its_video(
    change: dict[str, object], what: str
) -> None:
    assert difference(VIDEO, msgspec.structs.replace(SOUND, **change)) == what


async def test_a_playlist_is_not_followed_to_other_files(
    server: Converter, jobs: JobStore, video: Path
) -> None:
    video.write_bytes(b"#EXTM3U\n#EXTINF:1,\nother.ts\n")
    assert await convert(server, jobs, video, StubEngine()) == "it is no MP4, MOV, Matroska or WebM"


def test_a_requested_end_needs_the_same_duration() -> None:
    assert (difference(VIDEO, SOUND), difference(VIDEO, SOUND, tolerance_s=0.0)) == ("", "duration")


async def test_an_interruption_leaves_no_copy(server: Converter, jobs: JobStore, video: Path) -> None:
    engine = WaitingEngine()
    task = asyncio.create_task(convert(server, jobs, video, engine))
    await asyncio.wait_for(engine.began.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list((video.parent / "sound").iterdir()) == []


def test_copies_of_killed_processes_are_removed_and_others_stay(tmp_path: Path) -> None:
    one, two = tmp_path / "sound" / ("a" * 64), tmp_path / "sound" / ("b" * 64)
    for folder in (one, two):
        folder.mkdir(parents=True)
    with contextlib.closing(NamedLocks(tmp_path / "jobs.lock")) as locks, locks.hold(two.name):
        remove_leftovers(tmp_path / "sound", locks)
        assert list((tmp_path / "sound").iterdir()) == [two]


@pytest.mark.parametrize("arguments", [["--again", "c1"], ["-"], ["talk.mp4", "-o", "-"]])
def test_only_files_can_be_sent_without_their_pictures(arguments: list[str]) -> None:
    assert run(["convert", "--only-sound", *arguments]) == ExitCode.USAGE
