"""Which files a command converts, and what the results are called."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tonegate_client.batch.sources import Source, find_sources
from tonegate_client.batch.targets import TargetExists, Targets, result_name
from tonegate_client.state.jobs import JobStore


@pytest.fixture
def jobs() -> Iterator[JobStore]:
    with contextlib.closing(JobStore.in_memory()) as jobs:
        yield jobs


def choose(targets: Targets, path: Path, identity: str = "i1") -> str:
    return targets.choose(Source(path), path, identity, "mp3").name


def test_a_folder_stands_for_its_videos_and_keeps_their_folders(tmp_path: Path) -> None:
    for name in ("b.MP4", "a.mkv", "song.mp3", ".hidden.mp4", "deep/er/c.mov", ".git/d.mp4"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "deep/loop").symlink_to(tmp_path)
    found = [(each.path.name, each.folder) for each in find_sources([tmp_path, tmp_path / "song.mp3"])]
    assert found == [("a.mkv", ""), ("b.MP4", ""), ("c.mov", "deep/er"), ("song.mp3", "")]


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("talk.mp4", "talk.mp3"),
        ("TALK.MKV", "TALK.mp3"),
        ("v1.2", "v1.2.mp3"),
        ("talk.tar.gz", "talk.tar.gz.mp3"),
        ("é" * 125 + "x.mp4", "é" * 125 + "x.mp3"),
    ],
)
def test_the_suffix_of_a_media_file_is_replaced(name: str, result: str) -> None:
    assert result_name(name, "mp3") == result


def test_a_name_has_at_most_255_bytes() -> None:
    longest = "é" * 125 + "x.mp4"
    assert len(os.fsencode(result_name(longest, "opus", number=1000))) <= 255


def test_two_sources_get_two_names_and_keep_them(jobs: JobStore, tmp_path: Path) -> None:
    targets = Targets(jobs, tmp_path / "out")
    names = [choose(targets, tmp_path / name, name) for name in ("talk.mp4", "talk.mkv", "sub/talk.mp4")]
    assert names == ["talk.mp3", "talk (2).mp3", "talk (3).mp3"]
    assert choose(targets, tmp_path / "talk.mkv", "talk.mkv") == "talk (2).mp3"


@pytest.mark.parametrize(
    ("one", "other", "result"),
    [
        ("Talk.mp4", "talk.mp4", "talk (2).mp3"),
        ("\u00c9t\u00e9.mp4", "e\u0301te\u0301.mp4", "e\u0301te\u0301 (2).mp3"),
        ("stra\u00dfe.mp4", "STRASSE.mp4", "STRASSE (2).mp3"),
        ("\udcff.mp4", "\udcfe.mp4", "\udcfe.mp3"),
    ],
)
def test_names_that_some_file_systems_take_for_one_get_two_results(
    jobs: JobStore, tmp_path: Path, one: str, other: str, result: str
) -> None:
    targets = Targets(jobs, None)
    choose(targets, tmp_path / one, "i1")
    for _ in range(2):
        assert choose(targets, tmp_path / other, "i2") == result


def test_a_foreign_file_is_kept_though_a_folder_of_another_spelling_has_the_result(
    jobs: JobStore, tmp_path: Path
) -> None:
    source = tmp_path / "talk.mp4"
    choose(Targets(jobs, tmp_path / "OUT"), source)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/talk.mp3").write_bytes(b"mine")
    with pytest.raises(TargetExists):
        choose(Targets(jobs, tmp_path / "out"), source)


def test_audio_is_not_converted_onto_itself(jobs: JobStore, tmp_path: Path) -> None:
    source = tmp_path / "song.mp3"
    source.touch()
    assert choose(Targets(jobs, None), source) == "song (2).mp3"


def test_a_file_that_is_no_result_is_kept(jobs: JobStore, tmp_path: Path) -> None:
    (tmp_path / "talk.mp3").write_bytes(b"mine")
    with pytest.raises(TargetExists):
        choose(Targets(jobs, None), tmp_path / "talk.mp4")
    assert choose(Targets(jobs, None, overwrite=True), tmp_path / "talk.mp4") == "talk.mp3"


def test_a_result_that_was_changed_is_kept(jobs: JobStore, tmp_path: Path) -> None:
    targets, result = Targets(jobs, None), tmp_path / "talk.mp3"
    choose(targets, tmp_path / "talk.mp4")
    result.write_bytes(b"audio")
    jobs.deliver(result, 5)
    assert choose(targets, tmp_path / "talk.mp4", "of other bytes") == "talk.mp3"
    jobs.deliver(result, 5)
    result.write_bytes(b"audio, edited")
    with pytest.raises(TargetExists):
        choose(targets, tmp_path / "talk.mp4", "of other bytes")
