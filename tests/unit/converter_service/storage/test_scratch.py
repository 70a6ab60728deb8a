"""Scratch directories, with workers that start and die concurrently."""

import fcntl
from collections.abc import Callable
from pathlib import Path
from shutil import disk_usage
from typing import IO

import pytest

from converter_service.storage.scratch import PREFIX, LocalScratch


def alive(root: Path) -> set[str]:
    """Directories that have a lock file."""
    return {path.stem for path in root.glob(f"{PREFIX}*.lock")}


async def test_a_starting_worker_removes_directories_of_crashed_workers_only(
    tmp_path: Path,
) -> None:
    living, next_one = LocalScratch(tmp_path), LocalScratch(tmp_path)
    living.open()
    dead = tmp_path / f"{PREFIX}dead"
    dead.mkdir()
    dead.with_name(f"{dead.name}.lock").touch()
    next_one.open()
    assert alive(tmp_path) == {living.home.name, next_one.home.name}
    assert not dead.exists()
    living.close()
    next_one.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rival", ["holds it", "has removed it"])
async def test_a_lock_file_deleted_before_locking_is_created_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rival: str
) -> None:
    """The other worker deletes the lock file before it is locked, as if it belonged to a crashed worker."""
    taken = list[IO[str]]()

    def too_late(lock: Callable[[int, int], None]) -> Callable[[int, int], None]:
        def flock(descriptor: int, operation: int) -> None:
            if not taken:
                [path] = tmp_path.glob("*.lock")
                taken.append(path.open())
                lock(taken[0].fileno(), operation)
                if rival == "has removed it":
                    path.unlink()
                    taken[0].close()
            lock(descriptor, operation)

        return flock

    monkeypatch.setattr(fcntl, "flock", too_late(fcntl.flock))
    scratch = LocalScratch(tmp_path, spare_bytes=0)
    scratch.open()
    await scratch.check()
    assert scratch.home.name in alive(tmp_path)
    scratch.close()
    taken[0].close()


async def test_space_that_a_run_has_reserved_is_not_given_to_another(tmp_path: Path) -> None:
    scratch = LocalScratch(tmp_path, spare_bytes=0)
    scratch.open()
    half = disk_usage(tmp_path).free * 6 // 10
    async with scratch.room(half):
        with pytest.raises(OSError, match="needed"):
            async with scratch.room(half):
                pass
    async with scratch.room(half):
        pass
    scratch.close()


async def test_a_reservation_includes_the_files_that_are_there(tmp_path: Path) -> None:
    scratch = LocalScratch(tmp_path, spare_bytes=0)
    scratch.open()
    async with scratch.room(0) as room:
        (room / "source").write_bytes(bytes(1_000_000))
        free = disk_usage(tmp_path).free
        await scratch.reserve(room, free // 2)
        with pytest.raises(OSError, match="needed"):
            await scratch.reserve(room, free + 2_000_000 + free // 2)
    scratch.close()
