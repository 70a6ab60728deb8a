"""Process trees: finding descendants, killing them, and identifying a process across PID reuse."""

import contextlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

KILL_TIMEOUT_S = 5.0
ROUNDS = 5
# Environment variable with which every process of a stack, or the one that it is forked from, is started; its
# value is the stack's directory.
MARK = "TONEGATE_STACK"


def process_tree(pid: int | None) -> list[psutil.Process]:
    """Returns the process and all its descendants, across sessions; empty if it does not exist."""
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
    """Returns True once all have ended, False on timeout. A zombie counts as ended."""
    deadline = time.monotonic() + timeout_s
    while any(map(is_running, members)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_running(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def began(pid: int) -> str | None:
    """Returns the start time of a process, which tells reused PIDs apart; None if it does not exist."""
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
    """Kills all marked processes, in several rounds: one may start another just before it dies."""
    for _ in range(ROUNDS):
        members = marked(home)
        if not members:
            return
        kill_all(members)


def marked(home: Path) -> list[psutil.Process]:
    """Returns processes whose environment names this stack, also those that no record lists."""
    return [
        process
        for process in psutil.process_iter(["environ"])
        if (process.info["environ"] or {}).get(MARK) == str(home)
    ]
