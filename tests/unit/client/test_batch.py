"""Conversions of files by the client: once each, also after failures, deletions and interruptions."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.client.converter import AUDIO, Converter
from tests.unit.client.server import StubServer, problem
from tonegate_client.batch.batch import Batch, Outcome
from tonegate_client.batch.sources import Source
from tonegate_client.batch.targets import Targets
from tonegate_client.client import Client
from tonegate_client.file_conversion import NoObserver, Observer
from tonegate_client.models import Options
from tonegate_client.problems import ConversionFailed, NotSignedIn
from tonegate_client.state.file_lock import NamedLocks
from tonegate_client.state.jobs import JobStore


@contextlib.contextmanager
def observe(_: Source) -> Iterator[Observer]:
    yield NoObserver()


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
    path.write_bytes(b"the video")
    return path


@pytest.fixture
def locks(tmp_path: Path) -> Iterator[NamedLocks]:
    with contextlib.closing(NamedLocks(tmp_path / "jobs.lock")) as locks:
        yield locks


def batch(client: Client, jobs: JobStore, locks: NamedLocks, *, once_only: bool = False) -> Batch:
    return Batch(client, jobs, Targets(jobs, None), Options(), locks, once_only=once_only)


async def test_many_files_are_converted_and_each_is_reported(
    server: Converter, jobs: JobStore, locks: NamedLocks, tmp_path: Path
) -> None:
    names = [f"{number}.mp4" for number in range(20)]
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
    outcomes = list[Outcome]()
    async with server.client() as client:
        sources = (Source(tmp_path / name) for name in [*names, "0.mp4", "missing.mp4"])
        await batch(client, jobs, locks).run(sources, 4, observe, outcomes.append)
    assert len([each for each in outcomes if each.conversion]) == server.uploads == 20
    assert {each.source.path.name for each in outcomes if each.error} == {"missing.mp4"}
    assert {each.source.path.name for each in outcomes if each.skipped} == {"0.mp4"}


async def test_a_result_that_was_removed_is_fetched_again_without_another_upload(
    server: Converter, jobs: JobStore, locks: NamedLocks, video: Path
) -> None:
    async with server.client() as client:
        for _ in range(2):
            outcome = await batch(client, jobs, locks).convert(Source(video), observe)
            assert outcome.target is not None
            assert outcome.target.read_bytes() == AUDIO
            outcome.target.unlink()
        again = await batch(client, jobs, locks, once_only=True).convert(Source(video), observe)
    assert (server.uploads, again.skipped) == (1, "converted before")


async def test_a_conversion_that_was_deleted_at_the_server_is_made_again(
    server: Converter, jobs: JobStore, locks: NamedLocks, video: Path
) -> None:
    async with server.client() as client:
        await batch(client, jobs, locks).convert(Source(video), observe)
        video.with_suffix(".mp3").unlink()
        server.gone.add("c1")
        outcome = await batch(client, jobs, locks).convert(Source(video), observe)
    assert outcome.conversion is not None
    assert outcome.conversion.id == "c2"


@pytest.mark.parametrize(("code", "retries"), [("no_audio_track", 0), ("internal_error", 1)])
async def test_only_a_passing_failure_is_retried_and_no_video_is_sent_twice(
    server: Converter, jobs: JobStore, locks: NamedLocks, video: Path, code: str, retries: int
) -> None:
    server.ends = [code, code, code]
    async with server.client() as client:
        first = await batch(client, jobs, locks).convert(Source(video), observe)
        again = await batch(client, jobs, locks).convert(Source(video), observe)
    for outcome in (first, again):
        assert isinstance(outcome.error, ConversionFailed)
        assert outcome.error.code == code
    assert (server.uploads, server.retries) == (1, retries)


async def test_another_version_of_a_file_replaces_the_result_of_the_earlier_one(
    server: Converter, jobs: JobStore, locks: NamedLocks, video: Path
) -> None:
    async with server.client() as client:
        first = await batch(client, jobs, locks).convert(Source(video), observe)
        video.write_bytes(b"the other")
        second = await batch(client, jobs, locks).convert(Source(video), observe)
    assert first.target == second.target
    assert server.uploads == 2


async def test_a_session_that_has_ended_stops_the_batch(
    jobs: JobStore, locks: NamedLocks, tmp_path: Path
) -> None:
    for number in range(20):
        (tmp_path / f"{number}.mp4").write_bytes(b"video")
    server = StubServer(lambda _: problem(401, "unauthenticated"))
    outcomes = list[Outcome]()
    async with server.client() as client:
        sources = (Source(tmp_path / f"{number}.mp4") for number in range(20))
        with pytest.raises(NotSignedIn):
            await batch(client, jobs, locks).run(sources, 2, observe, outcomes.append)
    assert len(server.seen) < 5
