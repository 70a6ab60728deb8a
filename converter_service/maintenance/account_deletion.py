"""Somebody's account is gone, and so is everything they had here: in small steps, each safe to repeat."""

import contextlib

from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.model import LeaseLost
from converter_service.conversions.ports import Blobs, ConversionStore
from converter_service.conversions.transitions.removal import deleted
from converter_service.conversions.update import change
from shared.clock import Clock
from shared.logs import get_logger

AT_ONCE = 50


class AccountDeletion:
    def __init__(self, store: ConversionStore, blobs: Blobs, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._cleanup = Cleanup(store, blobs)

    async def delete_all(self, owner_id: str) -> int:
        """Deletes an owner's conversions in every state; how many.

        What is being uploaded or converted is invisible at once, stops when its writer next looks, and is
        removed by it or by the sweeper. Raises Unavailable half-way when the store is gone: do it again.
        """
        gone = 0
        while found := await self._store.page(owner_id, None, None, AT_ONCE):
            for conversion in found:
                await self._delete(conversion.id)
            gone += len(found)
        while parts := await self._store.partial_uploads(owner_id, AT_ONCE):
            for part in parts:
                await self._delete(part.id)
        get_logger(__name__).info("an account's conversions deleted", owner_id=owner_id, conversions=gone)
        return gone

    async def _delete(self, conversion_id: str) -> None:
        now = self._clock()
        with contextlib.suppress(LeaseLost):  # somebody else has just removed it
            buried = await change(self._store, conversion_id, lambda newest: deleted(newest, now))
            await self._cleanup.purge_unless_written(buried, now)
