"""Polling of a condition with a timeout."""

import time
from collections.abc import Callable

from devstack.errors import StackError

PAUSE_S = 0.05


def wait_until(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Polls until the condition is true; raises StackError naming `what` on timeout."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise StackError(f"{what}: not within {timeout_s:g} s")
        time.sleep(PAUSE_S)
