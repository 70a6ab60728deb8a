"""An operating-system process with a record on disk, by which any later command can stop it and only it."""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from enum import IntEnum
from pathlib import Path
from typing import Protocol

import psutil

from devstack.home import REPOSITORY, Home, write_private
from devstack.process_tree import KILL_TIMEOUT_S, MARK, began, end_marked, kill_all, process_tree, wait_gone

MAX_LOG_BYTES = 20 * 1024 * 1024


class StopOrder(IntEnum):
    """Order of stopping; processes of one stage stop together."""

    SUPERVISOR = 0  # would restart the others
    SERVICE = 1
    SERVER = 2
    HELPER = 3  # of a server


@dataclass(frozen=True)
class StopPolicy:
    """Signal that asks a process to stop, seconds until SIGKILL, and stage at which it is stopped."""

    signum: int = signal.SIGTERM
    grace_s: float = 20.0
    turn: StopOrder = StopOrder.SERVER


class Child(Protocol):
    """The part of `subprocess.Popen` that a process needs."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float) -> int: ...


class Launcher(Protocol):
    """Starts a command in a session of its own, with its output appended to `log`."""

    def __call__(self, command: Sequence[str], env: Mapping[str, str], log: Path) -> Child: ...


def launch(command: Sequence[str], env: Mapping[str, str], log: Path) -> Child:
    """The usual launcher: starts a new program."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            env=env,
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


class Process:
    """Started in its own session; stopped together with its descendants.

    The record `run/<name>.json` holds PID and start time, so that a reused PID is never signalled.
    """

    def __init__(self, name: str, home: Home, stop_policy: StopPolicy) -> None:
        self.name = name
        self._home = home
        self._stop_policy = stop_policy
        self._record = home.directory("run") / f"{name}.json"
        self._log = home.log(name)
        self._log_from = 0
        self._child: Child | None = None
        self.launcher: Launcher = launch
        self._left_behind: list[psutil.Process] = []

    def spawn(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self._rotate_log()
        self._log_from = self._log.stat().st_size if self._log.exists() else 0
        self._child = self.launcher(command, {**env, MARK: str(self._home.path)}, self._log)
        pid = self._child.pid
        write_private(
            self._record, json.dumps({"pid": pid, "began": began(pid), **asdict(self._stop_policy)})
        )

    @property
    def pid(self) -> int | None:
        """PID of the process while it runs, else None."""
        if self._child is not None:
            return self._child.pid if self._child.poll() is None else None
        try:
            record = json.loads(self._record.read_text())
        except FileNotFoundError:
            return None
        pid = int(record["pid"])
        return pid if record["began"] is not None and began(pid) == record["began"] else None

    @property
    def turn(self) -> StopOrder:
        return self._stop_policy.turn

    @property
    def alive(self) -> bool:
        return self.pid is not None

    @property
    def exit_code(self) -> int | None:
        """Exit code, negative for a signal; None while it runs, or if another command started it."""
        return self._child.poll() if self._child is not None else None

    def send(self, signum: int) -> None:
        """Sends a signal to this process only, not to its descendants."""
        if (pid := self.pid) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signum)

    def kill_alone(self) -> None:
        """Simulates a crash: SIGKILL to this process only. `stop` ends the descendants it leaves behind."""
        self._left_behind += process_tree(self.pid)[1:]
        self.send(signal.SIGKILL)
        self._reap()

    def kill(self) -> None:
        """Sends SIGKILL to this process and its descendants."""
        self._end(signal.SIGKILL, grace_s=0)

    def stop(self) -> None:
        """Sends the stop signal, waits the grace period, then kills what is left of the process tree."""
        self._end(self._stop_policy.signum, self._stop_policy.grace_s)

    def _end(self, signum: int, grace_s: float) -> None:
        members = self._processes() + self._left_behind
        # A process stopped by SIGSTOP does not handle other signals.
        self.send(signal.SIGCONT)
        self.send(signum)
        wait_gone(members[:1] if self.alive else [], grace_s)
        kill_all(members)
        self._left_behind = []
        self._reap()
        self._record.unlink(missing_ok=True)

    def _processes(self) -> list[psutil.Process]:
        """Processes to stop; those started by a supervisor have records and stages of their own."""
        return process_tree(self.pid)[: 1 if self._stop_policy.turn is StopOrder.SUPERVISOR else None]

    def log_tail(self, lines: int = 15) -> str:
        """Returns the last lines that the process has logged since its start."""
        if not self._log.exists():
            return ""
        with self._log.open("rb") as log:
            log.seek(max(self._log_from, self._log.stat().st_size - 16_384))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])

    def _rotate_log(self) -> None:
        """Rotates a log above MAX_LOG_BYTES to `<name>.log.1`, replacing the previous one."""
        if self._log.exists() and self._log.stat().st_size > MAX_LOG_BYTES:
            self._log.replace(self._log.with_suffix(".log.1"))

    def _reap(self) -> None:
        if self._child is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(KILL_TIMEOUT_S)


def end_all(home: Home) -> list[str]:
    """Stops every recorded process of a stack, stage by stage; returns the names of those that ran."""
    ended = []
    for turn in StopOrder:
        # Read again at each stage: until it has stopped, a supervisor may add records.
        processes = [process for process in _recorded(home) if process.turn is turn]
        ended += [process.name for process in processes if process.alive]
        run_concurrently([process.stop for process in processes])
    end_marked(home.path)
    return ended


def run_concurrently(actions: Sequence[Callable[[], None]]) -> None:
    """Runs all actions in threads and waits for them; raises the first error."""
    with ThreadPoolExecutor(max_workers=len(actions) or 1) as pool:
        for running in [pool.submit(action) for action in actions]:
            running.result()


def _recorded(home: Home) -> list[Process]:
    found = []
    for record in home.directory("run").glob("*.json"):
        saved = json.loads(record.read_text())
        turn = StopOrder(saved.get("turn", StopOrder.SERVER))
        found.append(Process(record.stem, home, StopPolicy(saved["signum"], saved["grace_s"], turn)))
    return found
