"""CPU affinity: one core for the measured processes, another for the load generator."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


def two_cores() -> tuple[int, int]:
    """Returns two cores that this process may use; raises RuntimeError if there are fewer."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise RuntimeError("this measurement needs two cores")
    return cores[0], cores[1]


@contextmanager
def on(core: int) -> Iterator[None]:
    """Pins processes started within the block, and all their threads, to a core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
