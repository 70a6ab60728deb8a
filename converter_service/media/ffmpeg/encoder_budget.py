"""Shares the worker's processors out among its conversions."""

from collections.abc import Iterator
from contextlib import contextmanager


class EncoderBudget:
    """One conversion alone may run an encoder on each processor; several run fewer each, but at least one."""

    def __init__(self, processors: int) -> None:
        """With one processor nothing is encoded in parallel."""
        self._processors = processors
        self._running = 0

    @property
    def share(self) -> int:
        """The encoders that each running conversion may have now."""
        return max(1, self._processors // max(1, self._running))

    @contextmanager
    def conversion(self) -> Iterator[None]:
        """Counts a running conversion within the block."""
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
