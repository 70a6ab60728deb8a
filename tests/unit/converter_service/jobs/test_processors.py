"""The number of processors that a process may use."""

import os
from pathlib import Path

import pytest

from converter_service.jobs.processors import usable_processors


@pytest.fixture(autouse=True)
def _eight_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def limited(directory: Path, own: str, **limits: str) -> int:
    """`limits` are the contents of cpu.max by the group's name; `root` is the outermost group."""
    groups = directory / "groups"
    for name, content in limits.items():
        folder = groups if name == "root" else groups.joinpath(*name.split("_"))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cpu.max").write_text(content)
    own_group = directory / "own"
    own_group.write_text(own)
    return usable_processors(groups, own_group)


@pytest.mark.parametrize(
    ("own", "limits", "processors"),
    [
        ("0::/\n", {"root": "200000 100000\n"}, 2),
        ("0::/\n", {"root": "250000 100000\n"}, 2),
        ("0::/\n", {"root": "50000 100000\n"}, 1),
        ("0::/\n", {"root": "max 100000\n"}, 8),
        ("0::/a/b\n", {"a": "300000 100000\n", "a_b": "max 100000\n"}, 3),
        ("0::/../../other\n", {"root": "400000 100000\n"}, 4),
        ("0::/\n", {}, 8),
        ("0::/\n", {"root": "nonsense"}, 8),
        ("4:cpu:/docker/1\n", {"root": "100000 100000\n"}, 1),
    ],
)
def test_the_smallest_limit_of_the_groups_counts(
    tmp_path: Path, own: str, limits: dict[str, str], processors: int
) -> None:
    assert limited(tmp_path, own, **limits) == processors


def test_without_control_groups_the_affinity_counts(tmp_path: Path) -> None:
    assert usable_processors(tmp_path / "missing", tmp_path / "missing") == 8
