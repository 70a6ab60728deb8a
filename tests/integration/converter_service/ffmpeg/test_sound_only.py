"""The sound that the page takes out of a video gives the same result as the video, or the video is sent."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from tests.support.audio_checks import TranscodingHarness, decoded_digest
from tests.support.browser import executable
from tests.support.media import Media
from tests.support.protected_media import TRACK_NAME, locked_matroska, locked_mp4
from tests.support.sound_only import SoundTaker, sound_taker
from tests.support.sound_only_cases import FIRST_TWO, H264, PICTURE, TONE, Case, cases, cut_by_copy, edited

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")

CASES = cases()
FRAGMENTED = ("-movflags", "empty_moov+frag_keyframe")


@pytest.fixture
async def taker() -> AsyncIterator[SoundTaker]:
    async with sound_taker() as found:
        yield found


async def of_both(
    harness: TranscodingHarness, taker: SoundTaker, video: Path, directory: Path, fields: dict[str, str]
) -> tuple[list[Any], list[Any]]:
    """What becomes of the video, and of the sound that the page sends in its place: description, report and
    result.
    """
    taken = await taker.take(video)
    assert taken.sound is not None, f"sent whole: {taken.reason}"
    assert len(taken.sound) < 0.6 * video.stat().st_size
    sound = directory / "sound"
    sound.write_bytes(taken.sound)
    whole, alone = [await of_one(harness, file, fields) for file in (video, sound)]
    return whole, alone


async def of_one(harness: TranscodingHarness, file: Path, fields: dict[str, str]) -> list[Any]:
    info = replace(await harness.probe(file), cover_file=None)
    output = msgspec.structs.asdict(await harness.convert(file, **fields))
    result = harness.result
    # Ogg streams have random numbers.
    content: object = decoded_digest(result) if fields.get("format") == "opus" else result.read_bytes()
    return [info, output, content]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_the_sound_alone_gives_the_result_of_the_whole_video(
    harness: TranscodingHarness, taker: SoundTaker, media: Media, tmp_path: Path, case: Case
) -> None:
    whole, alone = await of_both(harness, taker, case.made(media), tmp_path, dict(case.fields))
    assert alone == whole


async def test_edit_lists_of_the_sound_stay(
    harness: TranscodingHarness, taker: SoundTaker, media: Media, tmp_path: Path
) -> None:
    whole, alone = await of_both(harness, taker, edited(media, tmp_path / "edited.mp4"), tmp_path, {})
    assert alone == whole
    assert whole[1]["gaps_s"] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv"])
async def test_videos_that_were_cut_without_encoding_give_the_same(
    harness: TranscodingHarness, taker: SoundTaker, media: Media, tmp_path: Path, container: str
) -> None:
    video = cut_by_copy(media, tmp_path / f"cut.{container}", container)
    whole, alone = await of_both(harness, taker, video, tmp_path, {"start": "0.5"})
    assert alone == whole


async def test_a_file_is_as_long_as_its_pictures_say(
    harness: TranscodingHarness, taker: SoundTaker, media: Media, tmp_path: Path
) -> None:
    """Otherwise the sound, which ends earlier, would seem to be cut off."""
    video = tmp_path / "short.mkv"
    # Without ffmpeg's statistics, which say how long each track is.
    video.write_bytes(CASES["mkv short sound"].made(media).read_bytes().replace(b"DURATION", b"XURATION"))
    whole, alone = await of_both(harness, taker, video, tmp_path, {})
    assert alone == whole


async def test_a_recording_of_the_browser_gives_the_same(
    harness: TranscodingHarness, taker: SoundTaker, tmp_path: Path
) -> None:
    video = tmp_path / "recorded.webm"
    video.write_bytes(await taker.record())
    whole, alone = await of_both(harness, taker, video, tmp_path, {})
    assert alone == whole


async def test_the_same_video_gives_the_same_bytes(taker: SoundTaker, media: Media) -> None:
    for container in ("mp4", "mkv"):
        video = CASES[f"{container} aac"].made(media)
        first, again = await taker.take(video), await taker.take(video)
        assert first.sound is not None
        assert first == again


def unfit(media: Media, directory: Path) -> dict[str, Path]:
    """Reason → a video that is sent whole because of it."""
    usual = (*PICTURE, *TONE, *FIRST_TWO, *H264)
    mp4 = media.made([*usual, "-c:a", "aac"], "mp4")
    files = {
        "codec": media.made([*usual, "-c:a", "pcm_s16le"], "mov"),
        "fragmented": media.made([*usual, "-c:a", "aac", *FRAGMENTED], "mp4"),
        "kind": media.made([*usual, "-c:a", "aac"], "ts"),
        "little": media.made([*TONE, "-c:a", "aac"], "mp4"),
        "mute": media.made([*PICTURE, *H264], "mkv"),
        "damaged": directory / "damaged.mp4",
        "protected": directory / "protected.mp4",
    }
    fast = media.made([*usual, "-c:a", "aac", "-movflags", "+faststart"], "mp4")
    files["damaged"].write_bytes(fast.read_bytes()[:-100_000])
    files["protected"].write_bytes(locked_mp4(mp4.read_bytes(), 1))
    return files


async def test_a_video_whose_sound_may_not_be_taken_out_is_sent_whole(
    taker: SoundTaker, media: Media, tmp_path: Path
) -> None:
    videos = unfit(media, tmp_path)
    reasons = {wanted: (await taker.take(video)).reason for wanted, video in videos.items()}
    assert reasons == {wanted: wanted for wanted in videos}
    named = media.made(
        [*PICTURE, *TONE, *FIRST_TWO, *H264, "-c:a", "aac", "-metadata:s:a:0", f"title={TRACK_NAME}"], "mkv"
    )
    locked, cut = tmp_path / "locked.mkv", tmp_path / "cut.mkv"
    locked.write_bytes(locked_matroska(named.read_bytes(), 0))
    cut.write_bytes(named.read_bytes()[:-100_000])
    assert (await taker.take(locked)).reason == "protected"
    assert (await taker.take(cut)).reason == "damaged"
