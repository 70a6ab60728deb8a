"""Output path of the demo's MP3, and videos that are rejected before the start."""

from pathlib import Path

import pytest

from devstack.demo.arguments import checked_out, checked_video
from devstack.errors import StackError


@pytest.fixture
def video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "my talk.mkv"
    file.write_bytes(b"some")
    return file


def test_the_mp3_is_named_after_the_video(video: Path) -> None:
    assert checked_out(None, video) == Path("my talk.mp3")


def test_a_directory_gets_the_mp3_put_into_it(video: Path, tmp_path: Path) -> None:
    assert checked_out(tmp_path, video) == tmp_path / "my talk.mp3"


def test_an_mp3_as_input_is_not_overwritten(video: Path) -> None:
    song = video.rename(video.with_name("song.mp3"))
    assert checked_out(None, song) == Path("song-tonegate.mp3")
    with pytest.raises(StackError, match="overwritten"):
        checked_out(song, song)


def test_a_missing_directory_is_named(video: Path) -> None:
    with pytest.raises(StackError, match="no directory 'nowhere'"):
        checked_out(Path("nowhere/out.mp3"), video)


@pytest.mark.parametrize(
    ("name", "reason"), [("gone.mp4", "no file"), (".", "not a file"), ("zero", "empty")]
)
def test_an_unusable_video_path_is_refused_at_once(video: Path, name: str, reason: str) -> None:
    video.with_name("zero").touch()
    with pytest.raises(StackError, match=reason):
        checked_video(video.with_name(name) if name != "." else video.parent)
