"""Indexes are made when the database can be reached: a service starts without it and catches up."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.errors import Unavailable
from shared.logs import get_logger

AGAIN_AFTER_S = 2.0


async def prepare(*stores: Callable[[], Awaitable[None]]) -> None:
    """Returns once all are prepared."""
    for store in stores:
        await _until_done(store)


async def _until_done(store: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await store()
        except Unavailable:
            get_logger(__name__).warning("database is not there yet", again_in_s=AGAIN_AFTER_S)
            await asyncio.sleep(AGAIN_AFTER_S)
        else:
            return
