"""PostgreSQL starts again after its process was killed, once nothing of it uses the data any more."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from devstack.errors import StackError
from devstack.process_tree import wait_gone
from devstack.servers.postgres import Postgres
from devstack.servers.unprivileged import unprivileged
from devstack.stack import Stack
from tests.support.wait import until


@pytest.fixture
def successor(tmp_path: Path) -> Iterator[Postgres]:
    """The same server as another command sees it, which is not the parent of its process."""
    with Stack(tmp_path) as first:
        first.postgres.start()
        with Stack(tmp_path) as second:
            yield second.postgres


@pytest.fixture
def bystander(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the account that the server runs as."""
    with subprocess.Popen(unprivileged(["cat"], tmp_path), stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def kill_without_reaping(server: Postgres) -> psutil.Process:
    """Returns the zombie: its parent, this process, does not ask for its exit code."""
    process = psutil.Process(server.process.pid)
    process.kill()
    assert wait_gone([process], timeout_s=60)
    return process


def test_it_starts_although_its_killed_process_is_not_reaped(successor: Postgres) -> None:
    killed = kill_without_reaping(successor)
    successor.start()
    assert successor.is_ready()
    assert killed.status() == psutil.STATUS_ZOMBIE


async def test_it_starts_although_another_process_has_got_its_pid(
    successor: Postgres, bystander: subprocess.Popen[bytes]
) -> None:
    successor.stop()
    await until(lambda: psutil.Process(bystander.pid).name() == "cat", what="the other process runs")
    (successor.home.path / "postgres" / "postmaster.pid").write_text(f"{bystander.pid}\n")
    successor.start()
    assert successor.is_ready()
    assert bystander.poll() is None


def test_it_does_not_start_while_a_process_of_its_predecessor_uses_the_data(successor: Postgres) -> None:
    survivor = psutil.Process(successor.process.pid).children()[0]
    survivor.suspend()
    killed = kill_without_reaping(successor)
    with pytest.raises(StackError, match=r"shared memory block .* is still in use"):
        successor.start()
    survivor.resume()
    assert wait_gone([survivor], timeout_s=60)
    successor.start()
    assert killed.status() == psutil.STATUS_ZOMBIE
