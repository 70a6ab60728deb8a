"""A service starts without its database and makes indexes once it can be reached."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.errors import Unavailable
from shared.logs import get_logger

AGAIN_AFTER_S = 2.0


class StorePreparation:
    """`away` is what a store raises while it cannot be reached."""

    def __init__(self, *stores: Callable[[], Awaitable[None]], away: type[Exception]) -> None:
        self._stores = stores
        self._away = away
        self._is_done = False

    async def run(self) -> None:
        """Returns once all are prepared."""
        for store in self._stores:
            await _until_done(store, self._away)
        self._is_done = True

    async def check(self) -> None:
        """Raises Unavailable until then."""
        if not self._is_done:
            raise Unavailable("The store is not prepared yet.")


async def _until_done(store: Callable[[], Awaitable[None]], away: type[Exception]) -> None:
    while True:
        try:
            return await store()
        except away as reason:
            get_logger(__name__).warning(
                "the database is not there yet", reason=str(reason), again_in_s=AGAIN_AFTER_S
            )
        await asyncio.sleep(AGAIN_AFTER_S)
