"""The processor time that a scan of a file may take, and whether it is still wanted."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

LEAST_S, S_PER_GB = 2.0, 10.0
GB = 1_000_000_000


class ScanStopped(Exception):
    """The scan's budget is used up, it is not wanted any more, or the file is beyond what is worth it."""


class ScanBudget:
    """`check` is called in each step of a scan, by the one thread that scans; `stop` by any thread."""

    def __init__(self, size: int, clock: Callable[[], float] = time.thread_time) -> None:
        """`size`: that of the file, in bytes. `clock`: seconds that the calling thread has worked."""
        self._limit_s = LEAST_S + S_PER_GB * size / GB
        self._clock = clock
        self._begin_s: float | None = None
        self._is_stopped = threading.Event()

    def each(self, things: Iterable[T]) -> Iterator[T]:
        """Yields the things until the budget is used up: what a scan has found so far counts."""
        with contextlib.suppress(ScanStopped):
            for thing in things:
                self.check()
                yield thing

    def check(self) -> None:
        """Raises ScanStopped if the scan has to end."""
        now_s = self._clock()
        if self._begin_s is None:
            self._begin_s = now_s
        if self._is_stopped.is_set() or now_s - self._begin_s > self._limit_s:
            raise ScanStopped

    def stop(self) -> None:
        self._is_stopped.set()
