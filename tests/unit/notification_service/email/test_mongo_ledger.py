"""What a call of the ledger makes of trouble: an answer that tells to wait, and no lost cancellation."""

import asyncio
import contextlib

import pytest
from pymongo.errors import AutoReconnect, PyMongoError, ServerSelectionTimeoutError

from notification_service.email.errors import LedgerUnavailable
from notification_service.email.mongo_ledger import call_ledger


@pytest.mark.parametrize("trouble", [AutoReconnect("gone"), ServerSelectionTimeoutError("nobody")])
async def test_trouble_with_the_database_is_a_ledger_that_cannot_be_asked(trouble: PyMongoError) -> None:
    async def fails() -> None:
        raise trouble

    with pytest.raises(LedgerUnavailable, match=type(trouble).__name__):
        await call_ledger(fails())


async def test_a_cancellation_that_the_driver_lost_is_not_lost() -> None:
    begun = asyncio.Event()

    async def losing() -> None:
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    async def for_ever() -> None:
        while True:
            await call_ledger(losing())

    task = asyncio.create_task(for_ever())
    await begun.wait()
    task.cancel()
    await asyncio.wait([task], timeout=60)
    assert task.cancelled()
