"""Speed of one client's body, in either direction."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import msgspec

# A speed is known after this share of the window, so that a transfer that has just begun is not judged.
KNOWN_AFTER = 1 / 20


def nothing() -> None:
    """The initial callback of a pace."""


class SpeedLimits(msgspec.Struct, frozen=True):
    """Bytes a second. Below `floor` over a whole window a transfer is cut off; 0 is no floor. Below `slow`
    it is cut off when its slot is needed.
    """

    floor: int
    slow: int
    window: timedelta


class Pace:
    """Bytes a second over one to two windows of the time in which the gateway waited for the client.

    Time that a service takes is not counted, so that a slow service makes no client look slow.
    """

    def __init__(self, limits: SpeedLimits, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._monotonic = limits, monotonic
        self._window_s = limits.window.total_seconds()
        self._ended_s = 0.0
        self._since: float | None = None
        self._bytes = 0
        self._mark = self._previous = (0.0, 0)
        self._act = nothing
        self.is_cut = False
        self.is_below_floor = False

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """The block waits for the client."""
        self._since = self._monotonic()
        try:
            yield
        finally:
            self._ended_s, self._since = self._waited_s, None

    def count(self, size: int) -> None:
        """Adds bytes; sets `is_below_floor` at the end of a window that had too few."""
        self._bytes += size
        self._end_window()

    def _end_window(self) -> None:
        elapsed_s, counted = self._waited_s - self._mark[0], self._bytes - self._mark[1]
        if elapsed_s >= self._window_s:
            self.is_below_floor = counted < self._limits.floor * elapsed_s
            self._previous, self._mark = self._mark, (self._waited_s, self._bytes)

    @property
    def bytes_per_s(self) -> float | None:
        """None while it is not known. Windows end without bytes, too: what a client got before it stalled
        counts for two windows at most.
        """
        self._end_window()
        elapsed_s = self._waited_s - self._previous[0]
        if elapsed_s < self._window_s * KNOWN_AFTER:
            return None
        return (self._bytes - self._previous[1]) / elapsed_s

    @property
    def is_slow(self) -> bool:
        return (speed := self.bytes_per_s) is not None and speed < self._limits.slow

    def on_cut(self, act: Callable[[], None]) -> None:
        """Sets the callback of `cut`, and calls it if the transfer was cut off already."""
        self._act = act
        if self.is_cut:
            act()

    def cut(self) -> None:
        """Ends the transfer."""
        self.is_cut = True
        self._act()

    @property
    def _waited_s(self) -> float:
        return self._ended_s + (0.0 if self._since is None else self._monotonic() - self._since)
