"""Error mapping of MongoDB calls, and cancellations that the driver loses."""

import asyncio
import contextlib

import pytest
from pymongo.errors import AutoReconnect, OperationFailure, ServerSelectionTimeoutError

from shared.errors import Unavailable
from shared.mongo import OPERATION_MS, OUT_OF_DISK_SPACE, call_mongo, connect, mongo_errors
from shared.settings import Secret
from tests.support.wait import PATIENCE_S


@pytest.mark.parametrize(
    "raised",
    [
        AutoReconnect("gone"),
        ServerSelectionTimeoutError("nobody"),
        OperationFailure("no space", OUT_OF_DISK_SPACE),
        OperationFailure("stepped down", 189, {"errorLabels": ["RetryableWriteError"]}),
    ],
)
async def test_temporary_database_errors_are_unavailable(raised: Exception) -> None:
    with pytest.raises(Unavailable), mongo_errors():
        raise raised


async def test_a_runtime_error_stays_one() -> None:
    async def fails() -> None:
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"), mongo_errors():
        await fails()
    with pytest.raises(RuntimeError, match="a defect"):
        await call_mongo(fails())


async def test_an_invalid_command_is_not_unavailable() -> None:
    with pytest.raises(OperationFailure), mongo_errors():
        raise OperationFailure("bad query", 2)


async def test_a_cancellation_lost_by_the_driver_is_raised() -> None:
    begun = asyncio.Event()

    async def losing() -> None:
        """As asyncio.wait_for does when the result arrives at the same moment."""
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    async def for_ever() -> None:
        while True:
            with mongo_errors():
                await losing()

    task = asyncio.create_task(for_ever())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, PATIENCE_S)


async def test_a_cancelled_task_can_still_clean_up() -> None:
    cleaned = False

    async def work() -> None:
        nonlocal cleaned
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            with mongo_errors():
                await asyncio.sleep(0)
            cleaned = True
            raise

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned


async def test_closing_a_client_waits_for_an_unreachable_server_no_longer_than_an_operation() -> None:
    """`close` ignores `timeoutMS`: it ends the sessions on a server that it first selects."""
    async with connect(Secret("mongodb://127.0.0.1:1")) as client:
        assert client.options.server_selection_timeout * 1000 <= OPERATION_MS
