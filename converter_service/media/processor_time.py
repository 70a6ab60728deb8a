"""Processor time of the programs that a block of code starts.

with metered() as used:
    await transcoder.convert(...)
used.seconds
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final


@dataclass
class ProcessorTime:
    """`ended_s` of programs that have ended, and of each running one by its process id, as last read."""

    ended_s: float = 0.0
    running_s: dict[int, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return self.ended_s + sum(self.running_s.values())


METER: Final[ContextVar[ProcessorTime | None]] = ContextVar("processor_time", default=None)


@contextmanager
def metered() -> Iterator[ProcessorTime]:
    """Counts the processor time of all programs that run within the block, also of those in its tasks."""
    meter = ProcessorTime()
    token = METER.set(meter)
    try:
        yield meter
    finally:
        METER.reset(token)
