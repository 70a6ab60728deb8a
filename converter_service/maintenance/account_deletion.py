"""Deletes all conversions, partial uploads and presets of a deleted account."""

import contextlib
from dataclasses import dataclass

from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.transitions.removal import deleted
from converter_service.conversions.update import change
from converter_service.presets.ports import PresetStore
from shared.clock import Clock
from shared.logs import get_logger

BATCH = 50


@dataclass(frozen=True)
class AccountDeletion:
    store: ConversionStore
    cleanup: Cleanup
    presets: PresetStore
    clock: Clock

    async def delete_all(self, owner_id: str) -> int:
        """Deletes an owner's presets, and the conversions in every state; returns how many of these.

        Those with an active upload or run become invisible at once; their writer or the sweeper purges them.
        Can be repeated: raises Unavailable, possibly half-way, while the store is unreachable.
        """
        await self.presets.remove(owner_id)
        gone = 0
        while found := await self.store.page(owner_id, None, None, BATCH):
            for conversion in found:
                await self._delete(conversion.id)
            gone += len(found)
        while parts := await self.store.partial_uploads(owner_id, BATCH):
            for part in parts:
                await self._delete(part.id)
        get_logger(__name__).info("conversions of account deleted", owner_id=owner_id, conversions=gone)
        return gone

    async def _delete(self, conversion_id: str) -> None:
        now = self.clock()
        with contextlib.suppress(LeaseLost):  # already removed
            marked = await change(self.store, conversion_id, lambda newest: deleted(newest, now))
            await self.cleanup.purge_unless_written(marked, now)
