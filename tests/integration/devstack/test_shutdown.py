"""All processes of a stack end, however it is stopped, and no others."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.errors import StackError
from devstack.home import REPOSITORY, Home
from devstack.process import end_all
from devstack.process_tree import MARK
from devstack.stack import Stack
from tests.integration.devstack.processes import running
from tests.support.wait import until

# Settings that leave two servers, MongoDB and the mail sink.
SMALL = {"AUTH_DATABASE_URL": "postgresql://elsewhere/", "AMQP_URL": "amqp://elsewhere/"}

STARTER = """
import signal, sys
from pathlib import Path
from devstack.stack import Stack
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell makes background processes ignore SIGINT
with Stack(Path(sys.argv[1])) as stack:
    stack.mongo.start()
    stack.mail.start()
    print("started", flush=True)
    sys.stdin.read()
"""
LEAVER = """
import os, sys
from pathlib import Path
from devstack.stack import Stack
stack = Stack(Path(sys.argv[1]))
stack.start("mail")
stack.leave_running()
os._exit(0)
"""


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that belongs to no stack."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def end_a_starter(path: Path, signum: signal.Signals) -> None:
    """Starts a stack from a separate process and sends that process a signal."""
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(path)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"started\n"
        assert len(running(path)) >= 3
        starter.send_signal(signum)
        starter.wait(timeout=240)


def test_a_failed_start_leaves_nothing_running(tmp_path: Path) -> None:
    stack = Stack(tmp_path, SMALL)
    with socket.create_server(("127.0.0.1", stack.mail.port)), pytest.raises(StackError, match="mail"):
        stack.start("mongo", "mail")
    assert running(tmp_path) == []


def test_a_part_that_does_not_start_leaves_the_others_running(tmp_path: Path) -> None:
    with Stack(tmp_path, SMALL) as stack:
        stack.start("mongo")
        with socket.create_server(("127.0.0.1", stack.mail.port)), pytest.raises(StackError, match="mail"):
            stack.start("mail")
        assert stack.mongo.is_ready()


def test_an_external_server_is_not_stopped(tmp_path: Path) -> None:
    stack = Stack(tmp_path, SMALL)
    with socket.create_server(("127.0.0.1", stack.mail.port)) as occupant:
        with pytest.raises(StackError):
            stack.mail.start()
        socket.create_connection(occupant.getsockname(), timeout=60).close()
        stack.ports.leave_occupied()
        assert stack.ports["mail"] != occupant.getsockname()[1]


def test_stopping_ends_every_process_and_may_be_repeated(tmp_path: Path) -> None:
    with Stack(tmp_path, SMALL) as stack:
        stack.start("mongo", "mail")
        assert len(running(tmp_path)) == 3  # and the orphan reaper
        stack.stop()
        assert running(tmp_path) == []


async def test_kill_minus_nine_of_the_starter_leaves_nothing_running(tmp_path: Path) -> None:
    end_a_starter(tmp_path, signal.SIGKILL)
    await until(lambda: running(tmp_path) == [], what="the undertaker has done its work")


async def test_control_c_at_the_starter_stops_its_stack(tmp_path: Path) -> None:
    end_a_starter(tmp_path, signal.SIGINT)
    await until(lambda: running(tmp_path) == [], what="everything has ended")


def test_another_run_ends_what_was_left_running(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", LEAVER, str(tmp_path)], cwd=REPOSITORY, timeout=240, check=True)
    assert len(running(tmp_path)) == 1
    assert end_all(Home(tmp_path)) == ["mail"]
    assert end_all(Home(tmp_path)) == []
    assert running(tmp_path) == []


def test_a_reused_pid_is_not_signalled(tmp_path: Path, bystander: subprocess.Popen[bytes]) -> None:
    home = Home.at(tmp_path)
    record = {"pid": bystander.pid, "began": "long ago", "signum": int(signal.SIGKILL), "grace_s": 0}
    (home.directory("run") / "worker.json").write_text(json.dumps(record))
    assert end_all(home) == []
    assert bystander.poll() is None


def test_an_unrecorded_process_of_the_stack_is_found_by_its_mark(
    tmp_path: Path, bystander: subprocess.Popen[bytes]
) -> None:
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env={MARK: str(tmp_path)}) as stray:
        end_all(Home(tmp_path))
        assert stray.wait(timeout=60) == -signal.SIGKILL
    assert bystander.poll() is None


def test_a_paused_process_can_be_stopped(tmp_path: Path) -> None:
    with Stack(tmp_path, SMALL) as stack:
        stack.mail.start()
        stack.mail.pause()
        assert not stack.mail.is_ready()
        stack.mail.stop()
        assert running(tmp_path / "mail") == []


def test_secrets_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    stack.settings()
    modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "secrets").iterdir()}
    assert modes
    assert set(modes.values()) == {0o600}
