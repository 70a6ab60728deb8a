"""Runs work beside the periodic renewal of its lease; when either ends, the other is cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Never, TypeVar

T = TypeVar("T")


async def run_while_renewing(
    work: Coroutine[object, object, T], renewal: Coroutine[object, object, Never]
) -> T:
    """Returns the result of `work`. When `renewal` raises, `work` is cancelled and the error is raised."""
    working, renewing = asyncio.create_task(work), asyncio.create_task(renewal)
    try:
        await asyncio.wait({working, renewing}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        return renewing.result()
    finally:
        for task in (working, renewing):
            task.cancel()
        await asyncio.gather(working, renewing, return_exceptions=True)
