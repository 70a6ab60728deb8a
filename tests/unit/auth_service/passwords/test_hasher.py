"""Password hasher: bounded concurrency, bounded queue, thread priority."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator

import pytest

from auth_service.passwords.argon2 import Argon2Cost, PasswordHash
from auth_service.passwords.hasher import NICENESS, RETRY_AFTER_S, PasswordHasher
from shared.errors import Overloaded, RateLimited
from tests.support.wait import until


class Held(PasswordHash):
    """Real hashes that block until released, and the maximum number that ran at once."""

    def __init__(self) -> None:
        super().__init__(Argon2Cost(memory_kib=64, passes=1))
        self.go_on = threading.Event()
        self.at_work = 0
        self.most_at_work = 0
        self._counting = threading.Lock()

    def create(self, password: str) -> str:
        with self._counting:
            self.at_work += 1
            self.most_at_work = max(self.most_at_work, self.at_work)
        assert self.go_on.wait(20)
        with self._counting:
            self.at_work -= 1
        return super().create(password)


@pytest.fixture
async def held() -> AsyncIterator[Held]:
    passwords = Held()
    yield passwords
    passwords.go_on.set()


async def test_concurrency_is_limited_to_the_number_of_slots(held: Held) -> None:
    hashing = PasswordHasher(held, 2)
    tasks = [asyncio.create_task(hashing.create(f"password {n}")) for n in range(6)]
    await until(lambda: held.at_work == 2, what="two at work")
    held.go_on.set()
    assert len(set(await asyncio.gather(*tasks))) == 6
    assert held.most_at_work == 2
    hashing.close()


async def test_a_full_queue_refuses_at_once(held: Held) -> None:
    hashing = PasswordHasher(held, 1, max_waiting=2)
    tasks = [asyncio.create_task(hashing.create(f"password {n}")) for n in range(3)]
    await until(lambda: held.at_work == 1, what="one at work")
    with pytest.raises(Overloaded) as refused:
        await hashing.create("one too many")
    assert refused.value.headers["Retry-After"] == str(RETRY_AFTER_S)
    held.go_on.set()
    assert len(await asyncio.gather(*tasks)) == 3
    hashing.close()


async def test_a_wait_that_is_too_long_is_refused_and_frees_its_place(held: Held) -> None:
    hashing = PasswordHasher(held, 1, max_waiting=1, max_wait_s=0.05)
    working = asyncio.create_task(hashing.create("the first"))
    await until(lambda: held.at_work == 1, what="one at work")
    for _ in range(2):
        with pytest.raises(Overloaded):
            await hashing.create("the second")
    held.go_on.set()
    await working
    assert await hashing.create("the third")
    hashing.close()


async def test_the_slot_of_a_cancelled_caller_is_released_when_its_thread_finishes(held: Held) -> None:
    hashing = PasswordHasher(held, 1, max_wait_s=0.05)
    leaving = asyncio.create_task(hashing.create("a cancelled password"))
    await until(lambda: held.at_work == 1, what="one at work")
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    with pytest.raises(Overloaded):
        await hashing.create("the next")
    held.go_on.set()
    await until(lambda: held.at_work == 0, what="the place to be free")
    assert await hashing.create("the next but one")
    hashing.close()


async def test_the_event_loop_runs_while_passwords_are_hashed() -> None:
    hashing = PasswordHasher(PasswordHash(Argon2Cost(memory_kib=19_456, passes=10)), 1)
    working = asyncio.create_task(hashing.create("a slow one"))
    turns = 0
    while not working.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 50
    hashing.close()


async def test_an_error_in_a_slot_releases_it() -> None:
    passwords = PasswordHash(Argon2Cost(memory_kib=64, passes=1))
    hashing = PasswordHasher(passwords, 1, max_wait_s=1)
    for _ in range(3):
        with pytest.raises(RateLimited):
            async with hashing.slot():
                raise RateLimited("Not now.", retry_after_s=1)
    async with hashing.slot() as slot:
        assert await slot.matches("anything", passwords.create("anything"))
    hashing.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has priorities per thread")
async def test_hashing_threads_have_a_lower_priority() -> None:
    class Asking(PasswordHash):
        def create(self, password: str) -> str:
            return str(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    hashing = PasswordHasher(Asking(Argon2Cost(memory_kib=64, passes=1)), 1)
    ours = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert int(await hashing.create("anything")) == min(19, ours + NICENESS)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == ours
    hashing.close()
