"""Concurrent message handlers: bounded in number, each in its own task, drained at shutdown."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.logs import get_logger

log = get_logger(__name__)

CANCEL_TIMEOUT_S = 10.0

Work = Callable[[], Awaitable[None]]


class HandlerPool:
    """Runs at most `size` handlers at once; further ones wait in the order of `start`.

    The limit holds across reconnects: a handler whose connection is lost still occupies its slot.
    """

    def __init__(self, size: int) -> None:
        self._free = asyncio.Semaphore(size)
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Task[None]] = set()

    def start(self, work: Work, when_cancelled: Work) -> None:
        """Runs `work` in a task. `when_cancelled` runs if the task is cancelled, also before `work` began."""
        task = asyncio.create_task(self._run(work, when_cancelled))
        self._tasks.add(task)
        self._waiting.add(task)
        task.add_done_callback(self._ended)

    def cancel_waiting(self) -> None:
        """Cancels handlers that have not begun. Their messages are redelivered after a lost connection."""
        for task in self._waiting:
            task.cancel()

    async def drain(self, grace_s: float) -> None:
        """Waits up to `grace_s` for running handlers, then cancels them and waits for their clean-up.

        Safe to repeat.
        """
        await _wait(self._tasks, grace_s)
        # A task cancelled before its first step would skip its clean-up.
        await asyncio.sleep(0)
        left = set(self._tasks)
        for task in left:
            task.cancel()
        if await _wait(left, CANCEL_TIMEOUT_S):
            log.error("cancelled handlers still running", count=len(self._tasks))

    async def _run(self, work: Work, when_cancelled: Work) -> None:
        try:
            async with self._free:
                self._begun()
                await work()
        except asyncio.CancelledError:
            await when_cancelled()
            raise

    def _begun(self) -> None:
        if task := asyncio.current_task():
            self._waiting.discard(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._waiting.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("message not settled", exc_info=error)


async def _wait(tasks: set[asyncio.Task[None]], timeout_s: float) -> set[asyncio.Task[None]]:
    """The tasks that are still running after `timeout_s`."""
    if not tasks:
        return set()
    _, pending = await asyncio.wait(tasks, timeout=timeout_s)
    return pending
