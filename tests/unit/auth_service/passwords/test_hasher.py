"""Hashing off the event loop: bounded at work, bounded in waiting."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator

import pytest

from auth_service.passwords.hasher import NICER_BY, RETRY_AFTER_S, PasswordHashing
from auth_service.passwords.policy import Argon2Cost, PasswordHash
from shared.errors import Overloaded, RateLimited
from tests.support.wait import until


class Held(PasswordHash):
    """Real hashes that take until they are let go, and the most that were at work at once."""

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


async def test_no_more_are_hashed_at_once_than_there_are_places(held: Held) -> None:
    hashing = PasswordHashing(held, 2)
    tasks = [asyncio.create_task(hashing.create(f"password {n}")) for n in range(6)]
    await until(lambda: held.at_work == 2, what="two at work")
    held.go_on.set()
    assert len(set(await asyncio.gather(*tasks))) == 6
    assert held.most_at_work == 2
    hashing.close()


async def test_one_too_many_in_the_queue_is_told_at_once(held: Held) -> None:
    hashing = PasswordHashing(held, 1, max_waiting=2)
    tasks = [asyncio.create_task(hashing.create(f"password {n}")) for n in range(3)]
    await until(lambda: held.at_work == 1, what="one at work")
    with pytest.raises(Overloaded) as refused:
        await hashing.create("one too many")
    assert refused.value.headers["Retry-After"] == str(RETRY_AFTER_S)
    held.go_on.set()
    assert len(await asyncio.gather(*tasks)) == 3
    hashing.close()


async def test_who_waits_too_long_is_told_so_and_leaves_no_trace(held: Held) -> None:
    hashing = PasswordHashing(held, 1, max_waiting=1, max_wait_s=0.05)
    working = asyncio.create_task(hashing.create("the first"))
    await until(lambda: held.at_work == 1, what="one at work")
    for _ in range(2):
        with pytest.raises(Overloaded):
            await hashing.create("the second")
    held.go_on.set()
    await working
    assert await hashing.create("the third")
    hashing.close()


async def test_a_caller_who_leaves_does_not_free_a_place_that_is_still_at_work(held: Held) -> None:
    hashing = PasswordHashing(held, 1, max_wait_s=0.05)
    leaving = asyncio.create_task(hashing.create("somebody who hangs up"))
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


async def test_the_event_loop_goes_on_while_passwords_are_hashed() -> None:
    hashing = PasswordHashing(PasswordHash(Argon2Cost(memory_kib=19_456, passes=10)), 1)
    working = asyncio.create_task(hashing.create("a slow one"))
    turns = 0
    while not working.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 50
    hashing.close()


async def test_who_is_turned_away_in_a_place_gives_it_back() -> None:
    passwords = PasswordHash(Argon2Cost(memory_kib=64, passes=1))
    hashing = PasswordHashing(passwords, 1, max_wait_s=1)
    for _ in range(3):
        with pytest.raises(RateLimited):
            async with hashing.place():
                raise RateLimited("Not now.", retry_after_s=1)
    async with hashing.place() as place:
        assert await place.matches("anything", passwords.create("anything"))
    hashing.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only there a thread has a priority of its own")
async def test_hashing_gives_way_to_everything_else() -> None:
    class Asking(PasswordHash):
        def create(self, password: str) -> str:
            return str(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    hashing = PasswordHashing(Asking(Argon2Cost(memory_kib=64, passes=1)), 1)
    ours = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert int(await hashing.create("anything")) == min(19, ours + NICER_BY)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == ours
    hashing.close()
