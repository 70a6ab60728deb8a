"""Processor time of the programs that a block of code starts.

with metered() as used:
    await transcoder.convert(...)
used.seconds
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass
class ProcessorTime:
    seconds: float = 0.0


METER: Final[ContextVar[ProcessorTime | None]] = ContextVar("processor_time", default=None)


@contextmanager
def metered() -> Iterator[ProcessorTime]:
    """Counts the processor time of all programs that end within the block, also of those in its tasks."""
    meter = ProcessorTime()
    token = METER.set(meter)
    try:
        yield meter
    finally:
        METER.reset(token)
