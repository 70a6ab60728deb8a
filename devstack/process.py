"""One operating-system process, remembered on disk so that any later run can end it, and only it."""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from enum import IntEnum

import psutil

from devstack.home import REPOSITORY, Home, write_private
from devstack.process_tree import KILL_TIMEOUT_S, MARK, began, end_marked, family, kill_all, wait_gone

MAX_LOG_BYTES = 20 * 1024 * 1024


class Turn(IntEnum):
    """Who ends before whom; those of one turn end together."""

    KEEPER = 0  # starts others again when they die
    SERVICE = 1
    SERVER = 2
    HELPER = 3  # a server's


@dataclass(frozen=True)
class Farewell:
    """How to ask a process to end, how long it may take, and when its turn has come."""

    signum: int = signal.SIGTERM
    grace_s: float = 20.0
    turn: Turn = Turn.SERVER


class Process:
    """Started in a session of its own; stopped together with everything it has started.

    The record `run/<name>.json` holds the pid and when that process began, so that a pid the system has
    given to somebody else since is never touched.
    """

    def __init__(self, name: str, home: Home, farewell: Farewell) -> None:
        self.name = name
        self._home = home
        self._farewell = farewell
        self._record = home.directory("run") / f"{name}.json"
        self._log = home.log(name)
        self._log_from = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._left_behind: list[psutil.Process] = []

    def spawn(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self._turn_log_over()
        with self._log.open("ab") as log:
            self._log_from = log.tell()
            self._child = subprocess.Popen(
                command,
                env={**env, MARK: str(self._home.path)},
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        pid = self._child.pid
        write_private(self._record, json.dumps({"pid": pid, "began": began(pid), **asdict(self._farewell)}))

    @property
    def pid(self) -> int | None:
        """None unless the very process that was started is still alive."""
        if self._child is not None:
            return self._child.pid if self._child.poll() is None else None
        try:
            record = json.loads(self._record.read_text())
        except FileNotFoundError:
            return None
        pid = int(record["pid"])
        return pid if record["began"] is not None and began(pid) == record["began"] else None

    @property
    def turn(self) -> Turn:
        return self._farewell.turn

    @property
    def alive(self) -> bool:
        return self.pid is not None

    @property
    def exit_code(self) -> int | None:
        """Negative: ended by that signal. None while it lives, or when another run has started it."""
        return self._child.poll() if self._child is not None else None

    def send(self, signum: int) -> None:
        """To this process alone, not to what it has started."""
        if (pid := self.pid) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signum)

    def kill_alone(self) -> None:
        """A crash: SIGKILL to this process only. What it leaves running ends with `stop`."""
        self._left_behind += family(self.pid)[1:]
        self.send(signal.SIGKILL)
        self._reap()

    def kill(self) -> None:
        """SIGKILL to this process and to everything it has started."""
        self._end(signal.SIGKILL, grace_s=0)

    def stop(self) -> None:
        """Asks politely, waits its time of grace, then kills whatever is left of the whole family."""
        self._end(self._farewell.signum, self._farewell.grace_s)

    def _end(self, signum: int, grace_s: float) -> None:
        members = self._family() + self._left_behind
        # A process that a test has frozen with SIGSTOP could not hear the request.
        self.send(signal.SIGCONT)
        self.send(signum)
        wait_gone(members[:1] if self.alive else [], grace_s)
        kill_all(members)
        self._left_behind = []
        self._reap()
        self._record.unlink(missing_ok=True)

    def _family(self) -> list[psutil.Process]:
        """What a keeper has started is left to its own farewell."""
        return family(self.pid)[: 1 if self._farewell.turn is Turn.KEEPER else None]

    def log_tail(self, lines: int = 15) -> str:
        """The last that it has said since it was started."""
        if not self._log.exists():
            return ""
        with self._log.open("rb") as log:
            log.seek(max(self._log_from, self._log.stat().st_size - 16_384))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])

    def _turn_log_over(self) -> None:
        """A long log becomes `<name>.log.1` at the next start, and the one before it goes."""
        if self._log.exists() and self._log.stat().st_size > MAX_LOG_BYTES:
            self._log.replace(self._log.with_suffix(".log.1"))

    def _reap(self) -> None:
        if self._child is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(KILL_TIMEOUT_S)


def end_all(home: Home) -> list[str]:
    """Ends every process that any run has started for this home, turn by turn; returns their names."""
    ended = []
    for turn in Turn:
        # Read anew each time: until it has ended, a keeper may still add to them.
        processes = [process for process in _recorded(home) if process.turn is turn]
        ended += [process.name for process in processes if process.alive]
        all_at_once([process.stop for process in processes])
    end_marked(home.path)
    return ended


def all_at_once(actions: Sequence[Callable[[], None]]) -> None:
    """Returns when every one is done; raises what the first to fail has raised."""
    with ThreadPoolExecutor(max_workers=len(actions) or 1) as pool:
        for running in [pool.submit(action) for action in actions]:
            running.result()


def _recorded(home: Home) -> list[Process]:
    found = []
    for record in home.directory("run").glob("*.json"):
        saved = json.loads(record.read_text())
        turn = Turn(saved.get("turn", Turn.SERVER))
        found.append(Process(record.stem, home, Farewell(saved["signum"], saved["grace_s"], turn)))
    return found
