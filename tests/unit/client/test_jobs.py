"""Stored conversions: steps, results, locks."""

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tonegate_client.state.file_lock import LockTaken, NamedLocks
from tonegate_client.state.jobs import KEY_LIFETIME_S, STEPS, JobStore

SOURCE = Path("/videos/talk.mp4")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite3"


@pytest.fixture
def jobs(database: Path) -> Iterator[JobStore]:
    with contextlib.closing(JobStore(database)) as jobs:
        yield jobs


@pytest.fixture
def later(jobs: JobStore, database: Path) -> Iterator[JobStore]:
    """The store of another process."""
    del jobs
    with contextlib.closing(JobStore(database)) as later:
        yield later


def change(database: Path, statement: str, *values: object) -> None:
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(statement, values)


def test_each_step_is_found_by_the_next_process(jobs: JobStore, later: JobStore) -> None:
    key = jobs.begin("i1", SOURCE).key
    assert later.begin("i1", SOURCE).key == key
    jobs.set_upload("i1", "u1")
    assert (later.begin("i1", SOURCE).key, later.job("i1").upload_id) == (key, "u1")
    later.set_conversion("i1", "c1")
    assert jobs.job("i1").conversion_id == "c1"
    assert jobs.restart("i1").key != key
    assert jobs.job("i1").upload_id is None


def test_a_key_that_the_server_may_have_forgotten_is_replaced_if_it_made_nothing(
    jobs: JobStore, database: Path
) -> None:
    old = {name: jobs.begin(name, SOURCE).key for name in ("unused", "used")}
    jobs.set_upload("used", "u1")
    change(database, "UPDATE jobs SET key_made_at = key_made_at - ?", KEY_LIFETIME_S + 1)
    assert jobs.begin("unused", SOURCE).key != old["unused"]
    assert jobs.begin("used", SOURCE).key == old["used"]


def test_a_path_belongs_to_one_source(jobs: JobStore, tmp_path: Path) -> None:
    path = tmp_path / "talk.mp3"
    assert jobs.claim(path, "i1", SOURCE)
    assert not jobs.claim(path, "i2", Path("/videos/other.mp4"))
    path.write_bytes(b"audio")
    jobs.deliver(path, 5)
    result = jobs.result_in("i1", tmp_path)
    assert result is not None
    assert (result.path, result.is_there, jobs.was_delivered("i1")) == (path, True, True)
    assert jobs.claim(path, "i3", SOURCE)  # another version of the same source
    assert jobs.result_in("i1", tmp_path) is None


def test_a_path_that_some_file_systems_take_for_another_belongs_to_its_source(
    jobs: JobStore, later: JobStore, tmp_path: Path
) -> None:
    assert jobs.claim(tmp_path / "Talk.mp3", "i1", SOURCE)
    assert not later.claim(tmp_path / "TALK.mp3", "i2", Path("/videos/other.mp4"))
    found = later.result_like(tmp_path / "TALK.mp3")
    assert found is not None
    assert found.path == tmp_path / "Talk.mp3"


def test_a_database_of_the_first_version_is_read(database: Path, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.executescript(f"{STEPS[0]}; PRAGMA user_version = 1")
    row = (os.fsencode(tmp_path / "Talk.mp3"), os.fsencode(tmp_path), "i1", os.fsencode(SOURCE), 5)
    change(database, "INSERT INTO results VALUES (?, ?, ?, ?, ?)", *row)
    with contextlib.closing(JobStore(database)) as jobs:
        assert jobs.was_delivered("i1")
        assert not jobs.claim(tmp_path / "talk.mp3", "i2", Path("/videos/other.mp4"))


def test_a_database_of_a_later_version_is_left_alone(database: Path) -> None:
    JobStore(database).close()
    change(database, "PRAGMA user_version = 99")
    with pytest.raises(ValueError, match="later version"):
        JobStore(database)


def test_a_file_is_converted_by_one_process_at_a_time(tmp_path: Path) -> None:
    locks = NamedLocks(tmp_path / "jobs.lock")
    other = (
        "import sys, pathlib\n"
        "from tonegate_client.state.file_lock import LockTaken, NamedLocks\n"
        "try:\n"
        "    with NamedLocks(pathlib.Path(sys.argv[1])).hold(sys.argv[2]): print('free')\n"
        "except LockTaken: print('taken')\n"
    )

    def seen_by_another_process(name: str) -> str:
        command = [sys.executable, "-c", other, str(tmp_path / "jobs.lock"), name]
        environment = {"PYTHONPATH": ":".join(sys.path)}
        return subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=60, env=environment
        ).stdout.strip()

    one, two = "a" * 64, "b" * 64
    with locks.hold(one):
        assert (seen_by_another_process(one), seen_by_another_process(two)) == ("taken", "free")
        with pytest.raises(LockTaken), locks.hold(one):
            pass
        with locks.hold(two):
            pass
    assert seen_by_another_process(one) == "free"
    locks.close()
