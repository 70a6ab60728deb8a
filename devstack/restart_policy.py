"""Bringing back what has died: when, after which pause, and what is said about it."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from subprocess import SubprocessError

from devstack.daemon import Daemon
from devstack.errors import StackError
from shared.process import BAD_CONFIGURATION

LOOK_EVERY_S = 0.5
PAUSES_S = (1, 2, 4, 8, 16, 30)
# The same settings would be refused again.
PAUSE_AFTER_REFUSAL_S = 600.0
# One that has lived for so long dies of something new.
STEADY_AFTER_S = 60.0


class Kept:
    """One part of the stack. A part that is alive is left alone, also one that somebody has paused."""

    def __init__(self, part: Daemon, say: Callable[[str], None]) -> None:
        self._part = part
        self._say = say
        self._tries = 0
        self._tried_at = 0.0
        self._due: float | None = None
        self._awaited = False

    def look(self, now: float) -> None:
        """One glance; `now` in seconds of any clock that never goes back. Does not wait for readiness."""
        if self._part.alive:
            self._welcome()
        elif self._due is None:
            code = self._part.process.exit_code
            self._plan(now, _ending(code), refused=code == BAD_CONFIGURATION)
        elif now >= self._due:
            self._bring_back(now)

    def _welcome(self) -> None:
        if self._awaited and self._part.answers():
            self._awaited = False
            self._say(f"{self._part.name} is ready again")

    def _plan(self, now: float, reason: str, *, refused: bool = False) -> None:
        if now - self._tried_at > STEADY_AFTER_S:
            self._tries = 0
        pause_s = PAUSE_AFTER_REFUSAL_S if refused else PAUSES_S[min(self._tries, len(PAUSES_S) - 1)]
        self._due = now + pause_s
        self._say(f"{self._part.name} {reason}; it is started again in {pause_s:g} s")

    def _bring_back(self, now: float) -> None:
        self._due = None
        self._tries += 1
        self._tried_at = now
        try:
            self._part.launch()
            self._awaited = True
        except (StackError, OSError, SubprocessError) as error:
            self._plan(now, f"could not be started ({error})")


class Keeping:
    """Looks after all parts until it is asked to stop; what it is about to start is started to the end."""

    def __init__(self, parts: Sequence[Daemon]) -> None:
        self._kept = [Kept(part, say) for part in parts]
        self._stopped = False

    def stop(self, *_signal: object) -> None:
        self._stopped = True

    def run(self, wanted: Callable[[], bool]) -> None:
        """Also ends when the stack is no longer wanted."""
        while wanted() and not self._stopped:
            for kept in self._kept:
                if not self._stopped:
                    kept.look(time.monotonic())
            time.sleep(LOOK_EVERY_S)


def say(text: str) -> None:
    print(f"{datetime.now().astimezone().isoformat(timespec='seconds')} {text}", flush=True)


def _ending(exit_code: int | None) -> str:
    if exit_code is None:
        return "has ended"
    if exit_code == BAD_CONFIGURATION:
        return f"refuses its settings (exit code {exit_code}, see its log)"
    if exit_code < 0:
        return f"was ended by signal {-exit_code}"
    return f"has ended with exit code {exit_code}"
