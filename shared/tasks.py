"""Cancellation of asyncio tasks, where libraries raise, lose or swallow it."""

import asyncio
from collections.abc import Collection, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from shared.logs import get_logger

T = TypeVar("T")

log = get_logger(__name__)

CANCEL_AGAIN_S = 1.0
MAX_CANCELS = 20


def cancel_requested() -> bool:
    """In `except CancelledError`: True if the current task itself was cancelled.

    A future that a library cancels when its connection is lost raises the same error in the task that awaits
    it; that is an ordinary failure and must not end the task.
    """
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


@contextmanager
def preserving_cancellation() -> Iterator[None]:
    """Raises CancelledError at the end of the block if it swallowed a cancellation of the task.

    Before Python 3.12 asyncio.wait_for loses a cancellation that coincides with the result (gh-86296), and
    drivers use it.
    """
    before = _cancellations()
    yield
    if _cancellations() > before:
        raise asyncio.CancelledError


async def finish_when_cancelled(work: Coroutine[Any, Any, T], grace_s: float) -> T:
    """Awaits `work`; if this task is cancelled meanwhile, `work` still gets `grace_s` seconds to end.

    Then raises CancelledError, whatever became of `work`. For steps whose half would be worse than none, such
    as sending and recording what was sent. Further cancellations change nothing.
    """
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not cancel_requested():
            raise  # `work` itself was cancelled, by a library for instance
        await _wait_uncancelled(task, grace_s)
        task.cancel()
        await _wait_uncancelled(task, CANCEL_AGAIN_S)
        if not task.cancelled() and task.done() and (error := task.exception()):
            log.warning("step failed after its cancellation", reason=repr(error))
        raise


async def _wait_uncancelled(task: asyncio.Task[Any], timeout_s: float) -> None:
    """Waits for the end of `task`, also if the waiting task is cancelled again."""
    clock = asyncio.get_running_loop()
    deadline = clock.time() + timeout_s
    while not task.done() and clock.time() < deadline:
        try:
            await asyncio.wait({task}, timeout=deadline - clock.time())
        except asyncio.CancelledError:
            continue


async def cancel_all(tasks: Collection[asyncio.Task[Any]], again_s: float = CANCEL_AGAIN_S) -> None:
    """Cancels tasks and waits until they have ended; cancels those again that lost the cancellation.

    Does not raise what the tasks raise. Logs an error and returns if tasks still run after MAX_CANCELS rounds
    of `again_s` seconds.
    """
    waiting = {task for task in tasks if not task.done()}
    for _ in range(MAX_CANCELS):
        for task in waiting:
            task.cancel()
        if waiting:
            _, waiting = await asyncio.wait(waiting, timeout=again_s)
        if not waiting:
            return
    log.error("cancelled tasks still running", tasks=[task.get_name() for task in waiting])


def _cancellations() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task else 0
