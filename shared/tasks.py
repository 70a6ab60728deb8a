"""Telling a cancellation of this task from one that leaked out of a library, and keeping a library from
losing one.
"""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from shared.logs import get_logger

log = get_logger(__name__)

AGAIN_S = 1.0
TRIES = 20


def asked_to_end() -> bool:
    """In `except CancelledError`: True if somebody cancelled the running task.

    A future that a library cancelled when its connection went away raises the same error in whoever awaits
    it; that is a failure like any other and must not end a loop.
    """
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


@contextmanager
def no_cancellation_lost() -> Iterator[None]:
    """Raises CancelledError at its end if the task was cancelled inside and nothing came of it.

    asyncio.wait_for loses a cancellation that comes together with the answer before Python 3.12 (gh-86296),
    and libraries use it: whoever cancelled would wait for ever.
    """
    before = _cancellations()
    yield
    if _cancellations() > before:
        raise asyncio.CancelledError


async def end(tasks: Collection[asyncio.Task[None]], again_s: float = AGAIN_S) -> None:
    """Cancels them until they have ended: for the reason above once more whenever one went on. What they
    raise is for whoever started them. One that is deaf for good is left to whoever ends the process.
    """
    waiting = {task for task in tasks if not task.done()}
    for _ in range(TRIES):
        for task in waiting:
            task.cancel()
        if waiting:
            _, waiting = await asyncio.wait(waiting, timeout=again_s)
        if not waiting:
            return
    log.error("tasks do not end", tasks=[task.get_name() for task in waiting])


def _cancellations() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task else 0
