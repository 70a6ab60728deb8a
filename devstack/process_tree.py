"""Processes and what they have started: finding them, ending them, telling them apart."""

import contextlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

KILL_TIMEOUT_S = 5.0
ROUNDS = 5
# In the environment of everything a stack starts: tells whose process it is.
MARK = "TONEGATE_STACK"


def family(pid: int | None) -> list[psutil.Process]:
    """The process and all it has started, also what moved to a session of its own; empty when it is gone."""
    if pid is None:
        return []
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def kill_all(members: Sequence[psutil.Process]) -> None:
    for member in members:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    wait_gone(members, KILL_TIMEOUT_S)


def wait_gone(members: Sequence[psutil.Process], timeout_s: float) -> bool:
    """Whether all have ended in time. A zombie has ended: it only waits for its parent to notice."""
    deadline = time.monotonic() + timeout_s
    while any(map(runs, members)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def began(pid: int) -> str | None:
    """A mark that two processes with the same pid never share; None when there is no such process."""
    if sys.platform == "linux":
        try:
            # Field 22 of proc(5): clock ticks from boot to start, untouched by changes of the wall clock.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else fields[19]
    try:
        return repr(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None


def end_marked(home: Path) -> None:
    """Again and again, because one that is about to die may still have started another."""
    for _ in range(ROUNDS):
        members = marked(home)
        if not members:
            return
        kill_all(members)


def marked(home: Path) -> list[psutil.Process]:
    """What bears this home's mark: left by a crash, or by a run killed before it could record."""
    return [
        process
        for process in psutil.process_iter(["environ"])
        if (process.info["environ"] or {}).get(MARK) == str(home)
    ]
