"""The sound that a result lacks."""

from pathlib import Path

import pytest

from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.losses import lost_s
from converter_service.media.ffmpeg.packets import SourceExtent
from converter_service.media.ffmpeg.result import VerifiedAudio
from converter_service.media.media_info import AudioTrack, MediaInfo
from converter_service.media.option_parser import parse

SECONDS, BYTES = 10.0, 100_000


def job(source: Path, container: str) -> TranscodeJob:
    track = AudioTrack(index=0, stream=0, codec="ac3", channels=2, sample_rate=48_000)
    info = MediaInfo(
        container=container,
        duration_s=SECONDS,
        audio_tracks=(track,),
        has_own_duration=False,
        is_estimated=True,
    )
    return TranscodeJob(source=source, info=info, track=track, options=parse({}), target=Path("t"))


def lost(source: Path, container: str, strays_s: float = 0.0) -> float:
    extent = SourceExtent(0.0, SECONDS, SECONDS, SECONDS, strays_s=strays_s, size=BYTES)
    return lost_s(VerifiedAudio(SECONDS), job(source, container), extent)


@pytest.mark.parametrize(
    ("container", "unread", "due_s"),
    [
        ("ac3", b"lost" * 5000, 2.0),
        ("ac3", b"lost" * 5000 + b"\0" * 200_000, 2.0),
        ("ac3", b"\0" * 20_000, 0.0),
        ("ac3", b"\xff" * 20_000, 0.0),
        ("dtshd", b"INDX" * 5000, 0.0),
    ],
    ids=["unread frames", "unread frames and padding", "zeros", "ones", "index"],
)
def test_bytes_that_are_no_packets_are_lost_sound_unless_they_fill_the_file_up(
    tmp_path: Path, container: str, unread: bytes, due_s: float
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"f" * BYTES + unread)
    assert lost(source, container) == pytest.approx(due_s)


@pytest.mark.parametrize(("strays_s", "due_s"), [(0.15, 0.0), (3.0, 3.0)])
def test_a_moment_of_other_tracks_behind_the_end_is_no_gap(
    tmp_path: Path, strays_s: float, due_s: float
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"f" * BYTES)
    assert lost(source, "ts", strays_s) == due_s
