"""Preparation of stores (indexes) in the background, so that a service starts without its database."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.errors import Unavailable
from shared.logs import get_logger

RETRY_AFTER_S = 2.0


class StorePreparation:
    """Prepares stores in turn; retries each while it raises Unavailable."""

    def __init__(self, *stores: Callable[[], Awaitable[None]]) -> None:
        self._stores = stores
        self._is_done = False

    async def run(self) -> None:
        """Prepares all stores; returns when done."""
        for store in self._stores:
            await _until_done(store)
        self._is_done = True

    async def check(self) -> None:
        """Readiness probe. Raises Unavailable until all stores are prepared."""
        if not self._is_done:
            raise Unavailable("The store is not prepared yet.")


async def _until_done(store: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            return await store()
        except Unavailable as error:
            get_logger(__name__).warning(
                "database not reachable, preparation will be retried",
                reason=str(error),
                retry_after_s=RETRY_AFTER_S,
            )
        await asyncio.sleep(RETRY_AFTER_S)
