"""Wall clock of a process that a test can shift by a number of seconds written to a file.

Monotonic clocks are not affected, as when a machine's clock is set (clock_gettime(2)).
"""

import ctypes
import gc
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

# Interval at which the process reads the file.
READ_EVERY_S = 0.05
NANOSECONDS = 10**9


class Clock:
    """The shift is stored in the file `clock` of `folder`; without the file it is 0."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._shift_s = 0.0
        self._read_at = float("-inf")

    def shift(self, seconds: float) -> None:
        """Sets the shift; 0 restores the true time."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".draft")
        draft.write_text(str(seconds))
        draft.replace(self._file)

    def shifted_s(self) -> float:
        """Returns the current shift; called in the process under test."""
        now = time.monotonic()
        if now - self._read_at >= READ_EVERY_S:
            self._read_at = now
            self._shift_s = self._read()
        return self._shift_s

    def _read(self) -> float:
        try:
            return float(self._file.read_text())
        except FileNotFoundError:
            return 0.0

    def read_from(self, folder: Path) -> None:
        """Reads the shift from another folder; for a process that was forked after `install`."""
        self._file = folder / "clock"

    def install(self) -> None:
        """Patches `time.time`, `time.time_ns` and `datetime.now` in this process.

        Call it before other modules import these functions.
        """
        wall, wall_ns = time.time, time.time_ns
        time.time = lambda: wall() + self.shifted_s()
        time.time_ns = lambda: wall_ns() + int(self.shifted_s() * NANOSECONDS)

        def now(tz: tzinfo | None = None) -> datetime:
            return datetime.fromtimestamp(wall(), tz) + timedelta(seconds=self.shifted_s())

        _replace(datetime, "now", now)
        _replace(datetime, "utcnow", lambda: now(UTC).replace(tzinfo=None))


def _replace(owner: type, name: str, function: Callable[..., datetime]) -> None:
    """Replaces a method of a C type, which `setattr` refuses, in the type's own dictionary.

    A subclass would not do: encoders compare types.
    """
    (names,) = gc.get_referents(owner.__dict__)
    names[name] = staticmethod(function)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))
