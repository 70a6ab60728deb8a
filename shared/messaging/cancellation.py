"""Telling a cancellation of this task from one that leaked out of a library."""

import asyncio


def asked_to_end() -> bool:
    """In `except CancelledError`: True if somebody cancelled the running task.

    A future that a library cancelled when its connection went away raises the same error in whoever awaits
    it; that is a failure like any other and must not end a loop.
    """
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
