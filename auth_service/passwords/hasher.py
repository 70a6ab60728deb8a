"""Password hashing off the event loop: so many at once, so many waiting, and no more."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from auth_service.passwords.policy import PasswordHash
from shared.errors import Overloaded
from shared.logs import get_logger

T = TypeVar("T", str, bool)

MAX_WAITING = 256
# Less than the gateway waits for an answer; 200 who come at once are through by then on two cores.
MAX_WAIT_S = 8.0
RETRY_AFTER_S = 5
# Linux gives a thread that is nicer by this a quarter of a contested core: whatever needs a millisecond only
# gets it at once, and hashing still goes on beside work that never pauses.
NICER_BY = 5


class Place:
    """Somebody's turn at the processor. One hash after the other."""

    def __init__(self, passwords: PasswordHash, threads: ThreadPoolExecutor) -> None:
        self._passwords = passwords
        self._threads = threads
        self._running: asyncio.Future[str] | asyncio.Future[bool] | None = None

    async def create(self, password: str) -> str:
        return await self._run(lambda: self._passwords.create(password))

    async def matches(self, password: str, stored: str | None) -> bool:
        """Takes as long for an unknown account (`stored` is None) as for a wrong password."""
        return await self._run(lambda: self._passwords.matches(password, stored))

    def when_free(self, free: Callable[[], None]) -> None:
        """Calls `free` when the thread is done, not when the caller is: who hangs up frees no processor."""
        if self._running is None or self._running.done():
            free()
        else:
            self._running.add_done_callback(lambda _: free())

    async def _run(self, work: Callable[[], T]) -> T:
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        self._running = running
        return await asyncio.shield(running)


class PasswordHashing:
    """A burst of sign-ins queues here, bounded, in place of slowing down everything else."""

    def __init__(
        self,
        passwords: PasswordHash,
        concurrency: int,
        *,
        max_waiting: int = MAX_WAITING,
        max_wait_s: float = MAX_WAIT_S,
    ) -> None:
        self._passwords = passwords
        self._threads = ThreadPoolExecutor(
            concurrency, thread_name_prefix="argon2", initializer=yield_to_others
        )
        self._places = asyncio.Semaphore(concurrency)
        self._waiting = 0
        self._max_waiting = max_waiting
        self._max_wait_s = max_wait_s

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Place]:
        """First come, first served. What else a sign-in needs, such as the account, is best asked for here:
        of many at once only those whose turn it is keep the database busy, and of many guesses the later
        ones are judged by how the earlier ones ended.

        Raises Overloaded when `max_waiting` others wait already, or when the wait gets longer than
        `max_wait_s`.
        """
        await self._take_place()
        place = Place(self._passwords, self._threads)
        try:
            yield place
        finally:
            place.when_free(self._places.release)

    async def create(self, password: str) -> str:
        """In a place of its own. Raises as `place` does."""
        async with self.place() as place:
            return await place.create(password)

    def is_outdated(self, stored: str | None) -> bool:
        return stored is not None and self._passwords.is_outdated(stored)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _take_place(self) -> None:
        if self._waiting >= self._max_waiting:
            raise Overloaded("Too many sign-ins at once.", retry_after_s=RETRY_AFTER_S)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._max_wait_s):
                await self._places.acquire()
        except TimeoutError:
            raise Overloaded("Too many sign-ins at once.", retry_after_s=RETRY_AFTER_S) from None
        finally:
            self._waiting -= 1


def yield_to_others() -> None:
    """This thread runs after the others. Elsewhere than on Linux a thread has no priority of its own."""
    if sys.platform != "linux":
        return
    thread = threading.get_native_id()
    try:
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICER_BY)
    except OSError as refused:  # it works as well, only less considerately
        get_logger(__name__).warning("hashing keeps its priority", reason=str(refused))
