"""Working and telling that one is alive, side by side: whichever ends first ends the other."""

import asyncio
from collections.abc import Coroutine
from typing import Never, TypeVar

T = TypeVar("T")


async def run_while_renewing(work: Coroutine[object, object, T], beat: Coroutine[object, object, Never]) -> T:
    """What `work` returns, unless `beat` raises: then `work` is cancelled, and that error comes out."""
    working, beating = asyncio.create_task(work), asyncio.create_task(beat)
    try:
        await asyncio.wait({working, beating}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        return beating.result()
    finally:
        for task in (working, beating):
            task.cancel()
        await asyncio.gather(working, beating, return_exceptions=True)
