"""Polling for conditions in other processes: tests do not sleep, and every wait has a timeout.

Timeouts only end waits that would never succeed. They suit a machine with ten times its capacity of work; a
successful wait costs no more because of a long timeout.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")
PATIENCE_S = 90.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.002, 0.05


@overload
async def until(
    condition: Callable[[], Awaitable[T | None]],
    timeout_s: float = PATIENCE_S,
    what: str = "the condition"
    """Polls `condition`, which may be async, until its result is true; returns the result.

        An AssertionError raised by it counts as false; the last one is the cause of the AssertionError on
        timeout.
        """,
) -> T: ...


@overload
async def until(
    condition: Callable[[], T | None], timeout_s: float = PATIENCE_S, what: str = "the condition"
) -> T: ...


async def until(
    condition: Callable[[], Awaitable[T | None] | T | None],
    timeout_s: float = PATIENCE_S,
    what: str = "the condition",
) -> T:
    """Calls it, awaiting if need be, until what it returns is true; returns that.

    An AssertionError it raises counts as "not yet", and is the cause of the one raised when time is up.
    """
    deadline, pause_s = time.monotonic() + timeout_s, FIRST_PAUSE_S
    while True:
        failure: AssertionError | None = None
        try:
            outcome = condition()
            result = await outcome if isinstance(outcome, Awaitable) else outcome
            if result:
                return result
        except AssertionError as error:
            failure = error
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout_s:g} s") from failure
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
