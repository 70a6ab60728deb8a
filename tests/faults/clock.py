"""A process's idea of the time of day, which somebody else can shift by a number of seconds in a file.

Only the wall's clock: monotonic ones do not jump when a machine's clock is set (clock_gettime(2)).
"""

import ctypes
import gc
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

# How soon a jump is noticed.
LOOK_EVERY_S = 0.05
NANOSECONDS = 10**9


class Clock:
    """The shift stands in a file of `folder`; no file is no shift."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._shift_s = 0.0
        self._looked_at = float("-inf")

    def shift(self, seconds: float) -> None:
        """From now on, until it is shifted again; 0 sets it right."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".draft")
        draft.write_text(str(seconds))
        draft.replace(self._file)

    def shifted_s(self) -> float:
        """In the process under test."""
        now = time.monotonic()
        if now - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = now
            self._shift_s = self._read()
        return self._shift_s

    def _read(self) -> float:
        try:
            return float(self._file.read_text())
        except FileNotFoundError:
            return 0.0

    def install(self) -> None:
        """Around everything in this process that asks for the time of day, whoever wrote it. To be called
        before other modules take `time.time` for themselves.
        """
        wall, wall_ns = time.time, time.time_ns
        time.time = lambda: wall() + self.shifted_s()
        time.time_ns = lambda: wall_ns() + int(self.shifted_s() * NANOSECONDS)

        def now(tz: tzinfo | None = None) -> datetime:
            return datetime.fromtimestamp(wall(), tz) + timedelta(seconds=self.shifted_s())

        _replace(datetime, "now", now)
        _replace(datetime, "utcnow", lambda: now(UTC).replace(tzinfo=None))


def _replace(owner: type, name: str, function: Callable[..., datetime]) -> None:
    """On a type that is written in C, where `setattr` is refused; a subclass would be another type to every
    encoder. Its own dictionary is behind the proxy.
    """
    (names,) = gc.get_referents(owner.__dict__)
    names[name] = staticmethod(function)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))
