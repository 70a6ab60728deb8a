"""Telling a cancellation of this task from one that leaked out of a library, and keeping a library from
losing one.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


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


def _cancellations() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task else 0
