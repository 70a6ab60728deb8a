"""Cancellation of tasks whose libraries lose or swallow it."""

import asyncio
import contextlib

import pytest

from shared.tasks import cancel_all, preserving_cancellation


class Losing:
    """Swallows a cancellation, as asyncio.wait_for does when the result arrives at the same moment."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def work(self) -> str:
        self.begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return "answer"


async def test_a_cancellation_lost_by_a_library_is_raised() -> None:
    losing = Losing()

    async def for_ever() -> None:
        while True:
            with preserving_cancellation():
                await losing.work()

    task = asyncio.create_task(for_ever())
    await losing.begun.wait()
    task.cancel()
    await asyncio.wait([task], timeout=60)
    assert task.cancelled()


async def test_a_cancelled_task_can_still_clean_up() -> None:
    begun = asyncio.Event()
    cleaned = []

    async def work() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            with preserving_cancellation():
                cleaned.append(await asyncio.sleep(0, "cleaned"))

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    await asyncio.wait([task], timeout=60)
    assert (task.cancelled(), cleaned) == (True, ["cleaned"])


async def test_the_inner_error_is_raised() -> None:
    with pytest.raises(LookupError), preserving_cancellation():
        raise LookupError


async def test_a_loop_that_lost_a_cancellation_is_cancelled_again() -> None:
    losing = Losing()

    async def for_ever() -> None:
        await losing.work()  # the first cancellation is lost here
        await asyncio.Event().wait()

    task = asyncio.create_task(for_ever())
    await losing.begun.wait()
    await cancel_all([task], again_s=0.01)
    assert task.cancelled()
