"""The sound that `tonegate convert --only-sound` copies out of a video gives the video's result, or the whole
is sent.
"""

import importlib.util
from pathlib import Path

import msgspec
import pytest

from tests.support.audio_checks import TranscodingHarness, decoded_digest
from tests.support.media import Media
from tests.support.sound_only_cases import Case, cases, cut_by_copy, edited
from tonegate_client.models import Options
from tonegate_client.sound.copies import NotCopied, SoundCopies
from tonegate_client.sound.engine import Engine
from tonegate_client.sound.ffmpeg import FfmpegEngine
from tonegate_client.sound.pyav import PyavEngine
from tonegate_client.source_file import source_file

IDENTITY = "a" * 64
CASES = cases()
# Cases whose sound is copied; of others it may be.
COPIED = ("mp4 aac", "mov aac", "mkv aac", "webm libopus", "mp4 chosen track", "mkv tags", "mp4 chapters")


@pytest.fixture(params=["ffmpeg", "pyav"])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "ffmpeg":
        return FfmpegEngine("ffmpeg", "ffprobe")
    if importlib.util.find_spec("av") is None:
        pytest.skip("PyAV is not installed")
    return PyavEngine()


async def assert_same_or_whole(
    harness: TranscodingHarness, engine: Engine, video: Path, folder: Path, fields: dict[str, str]
) -> str:
    """Returns the reason why the video is sent whole, or an empty text once both results are the same."""
    chosen = Options(
        end=float(fields["end"]) if "end" in fields else None,
        audio_track=int(fields["audio_track"]) if "audio_track" in fields else None,
    )
    try:
        async with SoundCopies(engine, folder).open(IDENTITY, source_file(video), chosen) as sound:
            whole = await of_one(harness, video, fields)
            assert await of_one(harness, sound.file.path, fields) == whole
    except NotCopied as reason:
        return str(reason)
    finally:
        assert list(folder.iterdir()) == []
    return ""


async def of_one(harness: TranscodingHarness, file: Path, fields: dict[str, str]) -> list[object]:
    output = msgspec.structs.asdict(await harness.convert(file, **fields))
    result = harness.result
    # Ogg streams have random numbers.
    return [output, decoded_digest(result) if fields.get("format") == "opus" else result.read_bytes()]


@pytest.mark.parametrize("name", CASES)
async def test_a_copy_of_the_sound_gives_the_result_of_the_whole_video(
    harness: TranscodingHarness, engine: Engine, media: Media, tmp_path: Path, name: str
) -> None:
    case: Case = CASES[name]
    reason = await assert_same_or_whole(harness, engine, case.made(media), tmp_path, dict(case.fields))
    assert not reason or name not in COPIED


async def test_edit_lists_stay_or_the_video_is_sent_whole(
    harness: TranscodingHarness, engine: Engine, media: Media, tmp_path: Path
) -> None:
    (tmp_path / "copies").mkdir()
    video = edited(media, tmp_path / "edited.mp4")
    await assert_same_or_whole(harness, engine, video, tmp_path / "copies", {})


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv"])
async def test_videos_that_were_cut_without_encoding_give_the_same(
    harness: TranscodingHarness, engine: Engine, media: Media, tmp_path: Path, container: str
) -> None:
    (tmp_path / "copies").mkdir()
    video = cut_by_copy(media, tmp_path / f"cut.{container}", container)
    await assert_same_or_whole(harness, engine, video, tmp_path / "copies", {"start": "0.5"})
