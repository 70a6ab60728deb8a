"""Password hashing off the event loop: so many at once, so many waiting, and no more."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from auth_service.passwords import PasswordHash
from shared.errors import Overloaded

T = TypeVar("T")

MAX_WAITING = 256
MAX_WAIT_S = 5.0


async def admitted() -> None:
    """Default of `admit`, for work that is always welcome."""


class PasswordHashing:
    """A burst of sign-ins queues here, bounded, in place of slowing down everything else.

    Raises Overloaded when `max_waiting` others wait already, or when the wait gets longer than `max_wait_s`.
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
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="argon2")
        self._places = asyncio.Semaphore(concurrency)
        self._waiting = 0
        self._max_waiting = max_waiting
        self._max_wait_s = max_wait_s

    async def create(self, password: str) -> str:
        return await self._run(lambda: self._passwords.create(password))

    async def matches(
        self, password: str, stored: str | None, admit: Callable[[], Awaitable[None]] = admitted
    ) -> bool:
        """Takes as long for an unknown account (`stored` is None) as for a wrong password.

        `admit` may refuse by raising. It is asked when a place is free, just before the work: of many guesses
        at once that queue here, the later ones are judged by how the earlier ones ended.
        """
        return await self._run(lambda: self._passwords.matches(password, stored), admit)

    def is_outdated(self, stored: str | None) -> bool:
        return stored is not None and self._passwords.is_outdated(stored)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T], admit: Callable[[], Awaitable[None]] = admitted) -> T:
        await self._take_place()
        try:
            await admit()
        except BaseException:
            self._places.release()
            raise
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        # Given back when the thread is free, not when the caller is: a client that hangs up frees no CPU.
        running.add_done_callback(lambda _: self._places.release())
        return await asyncio.shield(running)

    async def _take_place(self) -> None:
        if self._waiting >= self._max_waiting:
            raise Overloaded("Too many sign-ins at once.", retry_after_s=2)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._max_wait_s):
                await self._places.acquire()
        except TimeoutError:
            raise Overloaded("Too many sign-ins at once.", retry_after_s=2) from None
        finally:
            self._waiting -= 1
