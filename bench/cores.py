"""One core for what is measured, the other for what measures it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


def two_cores() -> tuple[int, int]:
    """Raises RuntimeError where there are not two that this process may use."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise RuntimeError("this measurement needs two cores")
    return cores[0], cores[1]


@contextmanager
def on(core: int) -> Iterator[None]:
    """Processes started inside stay on that core, with all of their threads."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
