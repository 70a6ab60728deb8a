"""Errors and cancellation of the ledger's calls to MongoDB."""

import asyncio
import contextlib

import pytest
from pymongo.errors import AutoReconnect, PyMongoError, ServerSelectionTimeoutError

from notification_service.email.errors import LedgerUnavailable
from notification_service.email.mongo_ledger import call_ledger


@pytest.mark.parametrize("trouble", [AutoReconnect("gone"), ServerSelectionTimeoutError("nobody")])
async def test_a_driver_error_raises_ledger_unavailable(trouble: PyMongoError) -> None:
    async def fails() -> None:
        raise trouble

    with pytest.raises(LedgerUnavailable, match=type(trouble).__name__):
        await call_ledger(fails())


async def test_a_cancellation_swallowed_by_the_driver_is_raised() -> None:
    begun = asyncio.Event()

    async def swallow_cancellation() -> None:
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    async def call_repeatedly() -> None:
        while True:
            await call_ledger(swallow_cancellation())

    task = asyncio.create_task(call_repeatedly())
    await begun.wait()
    task.cancel()
    await asyncio.wait([task], timeout=60)
    assert task.cancelled()
