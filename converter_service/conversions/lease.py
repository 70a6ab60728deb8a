"""The lease of a conversion run (worker, fencing token, expiry), and work beside the renewal of a lease."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from typing import Never, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Lease(Struct, frozen=True):
    """The exclusive right of one worker to run a conversion, until `until`.

    `token` is new with every claim; it fences off earlier holders.
    """

    token: str
    worker: str
    until: datetime


class LeaseLost(Exception):
    """The lease was taken over, or the conversion ended or was deleted: the holder discards its work."""


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
