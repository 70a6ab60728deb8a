"""A service starts without its database and makes indexes once it can be reached."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.logs import get_logger

AGAIN_AFTER_S = 2.0


async def prepare(*stores: Callable[[], Awaitable[None]], away: type[Exception]) -> None:
    """Returns once all are prepared; `away` is what a store raises while it cannot be reached."""
    for store in stores:
        await _until_done(store, away)


async def _until_done(store: Callable[[], Awaitable[None]], away: type[Exception]) -> None:
    while True:
        try:
            return await store()
        except away as reason:
            get_logger(__name__).warning(
                "the database is not there yet", reason=str(reason), again_in_s=AGAIN_AFTER_S
            )
        await asyncio.sleep(AGAIN_AFTER_S)
