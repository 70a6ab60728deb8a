"""Malicious, broken and mislabelled files."""

import asyncio
import base64
import contextlib
import os
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from converter_service.media.errors import Fault, MediaError
from converter_service.media.ffmpeg.input_options import MAX_STREAMS
from tests.support import hostile_media
from tests.support.audio_checks import SAMPLE_HZ, TranscodingHarness, loudest, pitch_hz, samples
from tests.support.ffmpeg_generations import Generation
from tests.support.media import Media

SECONDS = 6.0


async def fault_of(harness: TranscodingHarness, file: Path, **fields: str) -> Fault:
    """Returns the error code of a file; asserts that there is no result."""
    with pytest.raises(MediaError) as failed:
        await harness.convert(file, **fields)
    assert not harness.result.exists()
    assert str(harness.scratch) not in failed.value.message
    return failed.value.code


@contextlib.asynccontextmanager
async def listening() -> AsyncIterator[tuple[int, list[object]]]:
    """A listening port, and the connections to it."""
    came: list[object] = []

    async def welcome(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(writer.get_extra_info("peername"))
        writer.close()

    server = await asyncio.start_server(welcome, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], came


@pytest.mark.parametrize(
    "make", [hostile_media.playlist, hostile_media.concat_script, hostile_media.dash_manifest]
)
async def test_a_playlist_that_refers_to_other_resources_is_not_followed(
    harness: TranscodingHarness, media: Media, tmp_path: Path, make: Callable[[Path, str], Path]
) -> None:
    """Neither a file nor a URL that the playlist names is opened."""
    canary = harness.scratch / "neighbour.mp3"
    canary.write_bytes(media.audio(container="mp3").read_bytes())
    async with listening() as (port, came):
        targets = [
            str(canary),
            "neighbour.mp3",
            f"file:{canary}",
            f"subfile,,start,0,end,0,,:{canary}",
            f"concat:{canary}|{canary}",
            f"data:audio/mpeg;base64,{base64.b64encode(canary.read_bytes()[:3000]).decode()}",
            f"http://127.0.0.1:{port}/a.mp3",
            f"tcp://127.0.0.1:{port}",
        ]
        for target in targets:
            evil = make(tmp_path / "evil.mp4", target)
            # On file systems that record access times.
            os.utime(canary, (0, 1_000_000_000))
            assert await fault_of(harness, evil) is Fault.UNSUPPORTED_MEDIA, target
            assert canary.stat().st_atime == 0, target
        sdp = hostile_media.session_description(tmp_path / "sdp.mp4", port)
        assert await fault_of(harness, sdp) is Fault.UNSUPPORTED_MEDIA
    assert came == []


async def test_an_mp4_with_audio_in_another_file_is_not_followed(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    tone = ["-f", "lavfi", "-i", f"sine=duration={SECONDS}", "-c:a", "pcm_s16le"]
    valid = media.made(tone, "mov")
    secret = harness.scratch / "secret.mov"
    secret.write_bytes(valid.read_bytes())
    evil = hostile_media.mov_with_external_audio(tmp_path / "evil.mov", valid, secret)
    assert b"secret.mov" in evil.read_bytes()
    await harness.convert(evil)
    assert loudest(samples(harness.result)) < 10


async def test_files_that_are_no_media_are_unreadable_or_unsupported_if_their_format_is_known(
    harness: TranscodingHarness, tmp_path: Path
) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("A letter, not a video.\n" * 500)
    archive = tmp_path / "zip.mp4"
    with ZipFile(archive, "w") as zipped:
        zipped.write(text, "text.txt")
    noise = tmp_path / "noise.mp4"
    noise.write_bytes(random.Random(1).randbytes(100_000))
    nothing = tmp_path / "nothing.mp4"
    nothing.touch()
    zeros = tmp_path / "zeros.mp4"
    zeros.write_bytes(bytes(100_000))
    for file in (noise, nothing, zeros):
        assert await fault_of(harness, file) is Fault.UNREADABLE_MEDIA
    for file in (text, archive, hostile_media.png(tmp_path / "png.mp4")):
        assert await fault_of(harness, file) is Fault.UNSUPPORTED_MEDIA


@pytest.mark.parametrize("container", ["mp4", "mkv", "webm", "avi", "ts"])
async def test_a_video_without_audio_has_its_own_error(
    harness: TranscodingHarness, media: Media, container: str
) -> None:
    mute = media.silent_video(container=container)
    info = await harness.probe(mute)
    assert (info.container, info.audio_tracks) == (container, ())
    assert info.duration_s
    with pytest.raises(MediaError) as refused:
        await harness.convert(mute)
    assert (refused.value.code, refused.value.message) == (
        Fault.NO_AUDIO_TRACK,
        "The video has no audio track.",
    )


async def test_an_audio_track_without_a_sample_is_no_audio(
    harness: TranscodingHarness, tmp_path: Path
) -> None:
    empty = hostile_media.wav_of_no_samples(tmp_path / "empty.wav")
    assert await fault_of(harness, empty) in {Fault.NO_AUDIO_TRACK, Fault.UNREADABLE_MEDIA}


# Every tenth file has its index first, so that only the end is missing; the others use all variants in turn.
CUTS = {
    "index first": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    "mp4": (0.5, 0.9),
    "fragmented": (0.3, 0.7),
    "mkv": (0.1, 0.4, 0.7),
    "webm": (0.2, 0.5, 0.8),
    "avi": (0.3, 0.6, 0.9),
    "flv": (0.1, 0.5, 0.9),
    "wmv": (0.2, 0.9),
}


@pytest.mark.parametrize(
    ("container", "keep"), [(container, keep) for container, keeps in CUTS.items() for keep in keeps]
)
async def test_a_truncated_video_is_unreadable(
    harness: TranscodingHarness, media: Media, container: str, keep: float
) -> None:
    picture = ["-f", "lavfi", "-i", f"testsrc=size=64x36:rate=25:duration={SECONDS}"]
    tone = ["-f", "lavfi", "-i", f"sine=frequency=440:duration={SECONDS}"]
    whole = {
        "index first": lambda: media.video(SECONDS, faststart=True),
        "fragmented": lambda: media.made(
            [*picture, *tone, "-movflags", "+frag_keyframe+empty_moov", "-g", "300"], "mp4"
        ),
        "wmv": lambda: media.made([*picture, *tone, "-c:v", "wmv2", "-c:a", "wmav2"], "wmv"),
    }.get(container, lambda: media.video(SECONDS, container=container))()
    assert await fault_of(harness, media.truncated(whole, keep)) is Fault.UNREADABLE_MEDIA


@pytest.mark.parametrize("container", ["mp3", "flac", "wav"])
async def test_a_truncated_recording_is_unreadable(
    harness: TranscodingHarness, media: Media, container: str
) -> None:
    whole = media.audio(SECONDS, container=container)
    assert await fault_of(harness, media.truncated(whole, 0.6)) is Fault.UNREADABLE_MEDIA


async def test_a_truncated_stream_without_a_declared_length_is_converted(
    harness: TranscodingHarness, media: Media
) -> None:
    whole = media.video(SECONDS, container="ts")
    output = await harness.convert(media.truncated(whole, 0.5))
    assert output.duration_s == pytest.approx(SECONDS / 2, abs=0.5)


@pytest.mark.parametrize("container", ["mp3", "m4a", "opus", "flac"])
async def test_a_truncated_file_is_not_copied_as_complete(
    harness: TranscodingHarness, media: Media, container: str
) -> None:
    """Formats for which a copy is tried first. Ogg declares no duration: its packets count."""
    whole = media.made(
        ["-f", "lavfi", "-i", f"sine=frequency=440:duration={SECONDS}", "-movflags", "+faststart"]
        if container == "m4a"
        else ["-f", "lavfi", "-i", f"sine=frequency=440:duration={SECONDS}"],
        container,
    )
    cut = media.truncated(whole, 0.6)
    if container == "opus":
        output = await harness.convert(cut, format="opus")
        assert output.duration_s == pytest.approx(SECONDS * 0.6, abs=1.1)
    else:
        assert await fault_of(harness, cut, format=container) is Fault.UNREADABLE_MEDIA


async def test_a_video_with_a_missing_middle_is_unreadable(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    holed = bytearray(media.video(SECONDS, faststart=True).read_bytes())
    third = len(holed) // 3
    holed[third : 2 * third] = bytes(third)
    file = tmp_path / "holed.mp4"
    file.write_bytes(holed)
    assert await fault_of(harness, file) is Fault.UNREADABLE_MEDIA


async def test_a_duration_over_the_limit_is_refused_before_converting(
    harness: TranscodingHarness, media: Media
) -> None:
    harness.limited(max_duration=5.0)
    info = await harness.probe(media.video(SECONDS))
    assert info.duration_s == pytest.approx(SECONDS, abs=0.1)
    with pytest.raises(MediaError, match="longer than 5 seconds") as refused:
        await harness.convert(media.video(SECONDS))
    assert refused.value.code is Fault.TOO_LONG
    assert not harness.reported


async def test_a_long_file_that_declares_no_duration_is_stopped_at_the_limit(
    harness: TranscodingHarness, media: Media
) -> None:
    harness.limited(max_duration=3.0)
    endless = media.audio(SECONDS, container="aac")
    assert await fault_of(harness, endless) is Fault.TOO_LONG


@pytest.mark.parametrize("ticks", [0xFFFFFFF0, 0x7FFFFFF0, 0x0FFFFFF0])
async def test_an_absurd_declared_duration_is_handled(
    harness: TranscodingHarness, media: Media, tmp_path: Path, ticks: int
) -> None:
    """It is refused where ffmpeg believes it. Newer ffmpegs compare it with the samples: all is converted."""
    evil = hostile_media.with_mp4_durations(tmp_path / "evil.mp4", media.video(SECONDS), ticks)
    info = await harness.probe(evil)
    assert info.duration_s
    if info.duration_s > harness.limits.max_duration.total_seconds():
        assert await fault_of(harness, evil) is Fault.TOO_LONG
        return
    assert info.duration_s == pytest.approx(SECONDS, abs=0.1)
    output = await harness.convert(evil)
    assert output.duration_s == pytest.approx(SECONDS, abs=0.1)
    assert output.gaps_s == 0
    assert pitch_hz(harness.result) == pytest.approx(440, rel=0.02)


@pytest.mark.parametrize(("rate", "channels"), [(0xFFFFFFFF, 1), (0, 1), (8_000, 65_535), (8_000, 0)])
async def test_an_absurd_sample_rate_or_channel_count_is_handled(
    harness: TranscodingHarness, tmp_path: Path, rate: int, channels: int
) -> None:
    evil = hostile_media.wav_claiming(tmp_path / "evil.wav", sample_rate=rate, channels=channels)
    assert await fault_of(harness, evil) in {
        Fault.UNREADABLE_MEDIA, Fault.UNSUPPORTED_MEDIA, Fault.NO_AUDIO_TRACK, Fault.TOO_LONG
    }  # fmt: skip


async def test_too_many_tracks_are_refused_or_left_out(
    harness: TranscodingHarness, generation: Generation, media: Media
) -> None:
    """ffmpeg 7.1 leaves out those beyond its limit, other generations refuse the file."""
    tracks = ["-f", "lavfi", "-i", "anullsrc=duration=0.2:sample_rate=8000", *(["-map", "0"] * 250)]
    many = media.made([*tracks, "-c:a", "pcm_s16le"], "mkv")
    if generation.version.startswith("7."):
        assert len((await harness.probe(many)).audio_tracks) == MAX_STREAMS
        assert (await harness.convert(many)).duration_s == pytest.approx(0.2, abs=0.1)
    else:
        assert await fault_of(harness, many) in {Fault.UNSUPPORTED_MEDIA, Fault.UNREADABLE_MEDIA}


async def test_ten_thousand_tracks_are_handled(harness: TranscodingHarness, tmp_path: Path) -> None:
    many = hostile_media.with_many_tracks(tmp_path / "many.mkv", 10_000)
    assert await fault_of(harness, many) in {Fault.UNSUPPORTED_MEDIA, Fault.UNREADABLE_MEDIA}


@pytest.mark.parametrize("claimed", [1_000, 64 * 1024**2, 0xFFFFFFF0])
async def test_an_index_that_expands_on_decompression_is_handled(
    harness: TranscodingHarness, tmp_path: Path, claimed: int
) -> None:
    bomb = hostile_media.with_compressed_index(tmp_path / "bomb.mov", claimed, 64 * 1024**2)
    assert bomb.stat().st_size < 1024**2
    assert await fault_of(harness, bomb) in {Fault.UNSUPPORTED_MEDIA, Fault.UNREADABLE_MEDIA}


async def test_a_huge_cover_is_left_out(harness: TranscodingHarness, media: Media, tmp_path: Path) -> None:
    huge = hostile_media.with_huge_cover(
        tmp_path / "huge.mp3", media.audio(2.0, container="mp3"), 40 * 1024**2
    )
    output = await harness.convert(huge, cover="auto")
    assert output.duration_s == pytest.approx(2.0, abs=0.1)
    assert output.size_bytes < 200_000


async def test_tags_above_the_bound_are_left_out_and_the_audio_is_kept(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    """Six megabytes of lyrics, as an ID3 comment."""
    valid = media.audio(2.0, container="mp3").read_bytes()
    text = b"TXXX" + (6 * 1024**2 + 3).to_bytes(4, "big") + bytes(2) + b"\0x\0" + b"la " * (2 * 1024**2)
    sevens = bytes((len(text) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    wordy = tmp_path / "wordy.mp3"
    wordy.write_bytes(b"ID3\x03\0\0" + sevens + text + valid)
    output = await harness.convert(wordy, bitrate="192k")
    assert output.duration_s == pytest.approx(2.0, abs=0.1)
    assert output.size_bytes < 100_000


flips = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7)), min_size=1, max_size=40)


# What a damaged video may be called; other errors would be ours.
FAULTS = frozenset({Fault.UNREADABLE_MEDIA, Fault.UNSUPPORTED_MEDIA, Fault.NO_AUDIO_TRACK, Fault.TOO_LONG})


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(container=st.sampled_from(["mp4", "mkv", "avi", "ts", "flv", "webm"]), flipped=flips)
@example(container="mp4", flipped=[])
@example(container="ts", flipped=[])
async def test_random_bit_flips_end_in_audio_or_in_an_error(
    harness: TranscodingHarness, media: Media, container: str, flipped: list[tuple[float, int]]
) -> None:
    bent = bytearray(media.video(1.0, container=container).read_bytes())
    for place, bit in flipped:
        bent[int(place * len(bent))] ^= 1 << bit
    harness.source.unlink(missing_ok=True)
    harness.result.unlink(missing_ok=True)
    harness.source.write_bytes(bent)
    try:
        output = await harness.convert(harness.source, cover="auto")
    except MediaError as refused:
        assert flipped
        assert refused.code in FAULTS  # noqa: PT017
        assert str(harness.scratch) not in refused.message  # noqa: PT017
        assert not harness.result.exists()
    else:
        # Timestamps may be bent, too: what is longer than the sound is silence that the record shows.
        made_s = len(samples(harness.result)) / SAMPLE_HZ
        assert made_s == pytest.approx(output.duration_s, abs=0.05)
        assert 0 < output.duration_s - output.gaps_s < 1.2
        assert flipped or loudest(samples(harness.result)) > 1000
    assert harness.programs() == []
