"""Runs the commands of the stack as separate processes, as the Makefile does."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from devstack.home import REPOSITORY, Home
from devstack.process import Process, StopPolicy
from devstack.process_tree import wait_gone

COMMAND = """
import json, sys
from pathlib import Path
from devstack.background import Background
from devstack.backups import Backups
from devstack.errors import StackError
state, given, verb, *paths = sys.argv[1:]
target = (Backups if verb in ("create", "restore") else Background)(Path(state), json.loads(given))
try:
    getattr(target, verb)(*map(Path, paths))
except StackError as error:
    sys.exit(str(error))
"""


def command(verb: str, state: Path, given: Mapping[str, str], *paths: Path) -> str:
    """Returns the output of `up`, `down`, or `create` and `restore` of a backup, successful or not."""
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, str(state), json.dumps(given), verb, *map(str, paths)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    return done.stdout + done.stderr


def recorded(state: Path, name: str) -> psutil.Process | None:
    """Returns the recorded process of a part; None if it does not run."""
    pid = Process(name, Home(state), StopPolicy()).pid
    return psutil.Process(pid) if pid is not None else None


def alive(state: Path, name: str) -> psutil.Process:
    process = recorded(state, name)
    assert process is not None, f"{name} does not run"
    return process


def kill(state: Path, *names: str) -> None:
    """Sends SIGKILL to these processes only; returns once they have ended."""
    killed = [alive(state, name) for name in names]
    for process in killed:
        process.kill()
    assert wait_gone(killed, timeout_s=60)
