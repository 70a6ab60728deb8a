"""PyMongo's waits for a server, which hold the lock of its client before and after."""

import asyncio

import pytest
from pymongo.lock import Lock, _async_cond_wait, _async_create_condition, _async_create_lock

from shared.mongo import connect
from shared.settings import Secret
from tests.support.wait import PATIENCE_S, until


async def test_a_call_that_is_cancelled_as_its_wait_ends_leaves_the_lock_to_others() -> None:
    async with connect(Secret("mongodb://127.0.0.1:1")):
        driver_lock: Lock = _async_create_lock()
        condition = _async_create_condition(driver_lock)
        waits = asyncio.Event()

        async def select_server() -> None:
            async with driver_lock:
                waits.set()
                await _async_cond_wait(condition, 0.01)

        call = asyncio.create_task(select_server())
        await waits.wait()
        # Held by another call, until the time limit of the wait has passed.
        await driver_lock.acquire()
        await until(lambda: bool(driver_lock._waiters), what="the first call waits for the lock")
        call.cancel()
        driver_lock.release()
        with pytest.raises(asyncio.CancelledError):
            await call
        async with asyncio.timeout(PATIENCE_S), driver_lock:
            pass


async def test_a_wait_without_a_change_ends_with_its_time_limit() -> None:
    async with connect(Secret("mongodb://127.0.0.1:1")):
        driver_lock = _async_create_lock()
        condition = _async_create_condition(driver_lock)
        async with driver_lock:
            assert not await _async_cond_wait(condition, 0.01)
            assert driver_lock.locked()
