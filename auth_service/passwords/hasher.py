"""Password hashing in a thread pool with a bounded queue."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from auth_service.passwords.argon2 import PasswordHash
from shared.errors import Overloaded
from shared.logs import get_logger

T = TypeVar("T", str, bool)

MAX_WAITING = 256
# Less than the gateway's response timeout; 200 simultaneous logins are served within it on two cores.
MAX_WAIT_S = 8.0
RETRY_AFTER_S = 5
# Linux gives a thread with this niceness a quarter of a contested core: short tasks of other threads run at
# once, and hashing still progresses beside work that never pauses.
NICENESS = 5


class HashSlot:
    """The right to run one hash at a time in the thread pool."""

    def __init__(self, passwords: PasswordHash, threads: ThreadPoolExecutor) -> None:
        self._passwords = passwords
        self._threads = threads
        self._running: asyncio.Future[str] | asyncio.Future[bool] | None = None

    async def create(self, password: str) -> str:
        return await self._run(lambda: self._passwords.create(password))

    async def matches(self, password: str, stored: str | None) -> bool:
        """Verifies a password; takes as long for an unknown account (`stored` is None) as for a wrong
        password.
        """
        return await self._run(lambda: self._passwords.matches(password, stored))

    def when_idle(self, callback: Callable[[], None]) -> None:
        """Calls `callback` when the thread has finished: a cancelled request still occupies its thread."""
        if self._running is None or self._running.done():
            callback()
        else:
            self._running.add_done_callback(lambda _: callback())

    async def _run(self, work: Callable[[], T]) -> T:
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        self._running = running
        return await asyncio.shield(running)


class PasswordHasher:
    """Runs up to `concurrency` hashes at once; further ones wait in a bounded queue, first come first
    served.
    """

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
            concurrency, thread_name_prefix="argon2", initializer=lower_thread_priority
        )
        self._slots = asyncio.Semaphore(concurrency)
        self._waiting = 0
        self._max_waiting = max_waiting
        self._max_wait_s = max_wait_s

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[HashSlot]:
        """Waits for a slot. Raises Overloaded if `max_waiting` others wait already, or after `max_wait_s`.

        A login's database queries belong inside the block: then only logins with a slot use the database, and
        each password guess is judged by the outcome of earlier ones.
        """
        await self._acquire()
        slot = HashSlot(self._passwords, self._threads)
        try:
            yield slot
        finally:
            slot.when_idle(self._slots.release)

    async def create(self, password: str) -> str:
        """Hashes a password in a slot of its own. Raises as `slot` does."""
        async with self.slot() as slot:
            return await slot.create(password)

    def is_outdated(self, stored: str | None) -> bool:
        return stored is not None and self._passwords.is_outdated(stored)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _acquire(self) -> None:
        if self._waiting >= self._max_waiting:
            raise Overloaded("Too many sign-ins at once.", retry_after_s=RETRY_AFTER_S)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._max_wait_s):
                await self._slots.acquire()
        except TimeoutError:
            raise Overloaded("Too many sign-ins at once.", retry_after_s=RETRY_AFTER_S) from None
        finally:
            self._waiting -= 1


def lower_thread_priority() -> None:
    """Raises the niceness of the current thread; on Linux only, where threads have their own."""
    if sys.platform != "linux":
        return
    thread = threading.get_native_id()
    try:
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICENESS)
    except OSError as error:
        get_logger(__name__).warning("hashing thread keeps its priority", reason=str(error))
