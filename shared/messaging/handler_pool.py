"""Running handlers: at most so many at once, each in its own task, and an end that waits for them."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.logs import get_logger

log = get_logger(__name__)

CANCEL_TIMEOUT_S = 10.0

Work = Callable[[], Awaitable[None]]


class Slots:
    """Work waits for a free slot in the order of `start`.

    The limit holds across reconnects: a handler whose connection is gone still has its slot.
    """

    def __init__(self, size: int) -> None:
        self._free = asyncio.Semaphore(size)
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Task[None]] = set()

    def start(self, work: Work, when_cancelled: Work) -> None:
        """`when_cancelled` runs if `drain` ends the work, begun or not."""
        task = asyncio.create_task(self._run(work, when_cancelled))
        self._tasks.add(task)
        self._waiting.add(task)
        task.add_done_callback(self._ended)

    def forget_waiting(self) -> None:
        """After a lost connection: what has not begun is delivered again, and must not pile up here."""
        for task in self._waiting:
            task.cancel()

    async def drain(self, grace_s: float) -> None:
        """Wait up to `grace_s` for what runs, then cancel it and wait for its clean-up. Safe to repeat."""
        await _settled(self._tasks, grace_s)
        # A task cancelled before its first step would never reach its clean-up.
        await asyncio.sleep(0)
        left = set(self._tasks)
        for task in left:
            task.cancel()
        if await _settled(left, CANCEL_TIMEOUT_S):
            log.error("handlers do not end when cancelled", count=len(self._tasks))

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
            log.error("settling a message failed", exc_info=error)


async def _settled(tasks: set[asyncio.Task[None]], timeout_s: float) -> set[asyncio.Task[None]]:
    if not tasks:
        return set()
    _, pending = await asyncio.wait(tasks, timeout=timeout_s)
    return pending
