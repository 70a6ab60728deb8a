"""Restart policy of the supervisor: exponential back-off for each part, and the loop that applies it."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from subprocess import SubprocessError

from devstack.daemon import Daemon
from devstack.errors import StackError
from shared.process import BAD_CONFIGURATION

CHECK_EVERY_S = 0.5
PAUSES_S = (1, 2, 4, 8, 16, 30)
# After an exit with BAD_CONFIGURATION: the same settings would be refused again.
PAUSE_AFTER_REFUSAL_S = 600.0
# A part that ran for so long restarts with the shortest pause again.
STEADY_AFTER_S = 60.0
# Of a start or a readiness check, which may run a program: no process could be created, or it took too long.
PART_ERRORS = (StackError, OSError, SubprocessError)


class RestartPolicy:
    """Restarts one part with back-off once its process has ended; a SIGSTOPped process counts as alive."""

    def __init__(self, part: Daemon, log: Callable[[str], None]) -> None:
        self._part = part
        self._log = log
        self._tries = 0
        self._tried_at = 0.0
        self._due: float | None = None
        self._awaited = False

    def check(self, now: float) -> None:
        """Plans or performs a restart if due; `now` is in seconds of a monotonic clock. Never blocks."""
        if self._part.alive:
            self._note_readiness()
        elif self._due is None:
            code = self._part.process.exit_code
            self._plan(now, _describe_exit(code), refused=code == BAD_CONFIGURATION)
        elif now >= self._due:
            self._restart(now)

    def _note_readiness(self) -> None:
        if self._awaited and self._is_ready():
            self._awaited = False
            self._log(f"{self._part.name} is ready again")

    def _is_ready(self) -> bool:
        try:
            return self._part.is_ready()
        except PART_ERRORS:
            return False

    def _plan(self, now: float, reason: str, *, refused: bool = False) -> None:
        if now - self._tried_at > STEADY_AFTER_S:
            self._tries = 0
        pause_s = PAUSE_AFTER_REFUSAL_S if refused else PAUSES_S[min(self._tries, len(PAUSES_S) - 1)]
        self._due = now + pause_s
        self._log(f"{self._part.name} {reason}; it is started again in {pause_s:g} s")

    def _restart(self, now: float) -> None:
        self._due = None
        self._tries += 1
        self._tried_at = now
        try:
            self._part.launch()
            self._awaited = True
        except PART_ERRORS as error:
            self._plan(now, f"could not be started ({error})")


class RestartLoop:
    """Checks all parts periodically until `stop`; a restart that has begun is completed first."""

    def __init__(self, parts: Sequence[Daemon]) -> None:
        self._policies = [RestartPolicy(part, log) for part in parts]
        self._stopped = False

    def stop(self, *_signal: object) -> None:
        self._stopped = True

    def run(self, wanted: Callable[[], bool]) -> None:
        """Returns after `stop`, or once `wanted` returns False."""
        while wanted() and not self._stopped:
            for policy in self._policies:
                if not self._stopped:
                    policy.check(time.monotonic())
            time.sleep(CHECK_EVERY_S)


def log(text: str) -> None:
    print(f"{datetime.now().astimezone().isoformat(timespec='seconds')} {text}", flush=True)


def _describe_exit(exit_code: int | None) -> str:
    if exit_code is None:
        return "has ended"
    if exit_code == BAD_CONFIGURATION:
        return f"refuses its settings (exit code {exit_code}, see its log)"
    if exit_code < 0:
        return f"was ended by signal {-exit_code}"
    return f"has ended with exit code {exit_code}"
