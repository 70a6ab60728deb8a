"""Errors and cancellation of calls to MongoDB."""

import asyncio
import contextlib

import pytest
from pymongo.errors import AutoReconnect, PyMongoError, ServerSelectionTimeoutError

from shared.errors import Unavailable
from shared.mongo import call_mongo


@pytest.mark.parametrize("trouble", [AutoReconnect("gone"), ServerSelectionTimeoutError("nobody")])
async def test_a_driver_error_raises_unavailable(trouble: PyMongoError) -> None:
    async def fails() -> None:
        raise trouble

    with pytest.raises(Unavailable) as raised:
        await call_mongo(fails())
    assert raised.value.__cause__ is trouble


async def test_a_cancellation_swallowed_by_the_driver_is_raised() -> None:
    begun = asyncio.Event()

    async def swallow_cancellation() -> None:
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    async def call_repeatedly() -> None:
        while True:
            await call_mongo(swallow_cancellation())

    task = asyncio.create_task(call_repeatedly())
    await begun.wait()
    task.cancel()
    await asyncio.wait([task], timeout=60)
    assert task.cancelled()
