"""Removes the record and the bytes of an upload that failed."""

import contextlib
from dataclasses import dataclass

from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.transitions.removal import deleted
from converter_service.conversions.update import change
from shared.clock import Clock
from shared.logs import get_logger


@dataclass(frozen=True, slots=True)
class AbortedUploads:
    """Used by the process that was receiving the upload and has stopped."""

    store: ConversionStore
    cleanup: Cleanup
    clock: Clock

    async def discard(self, conversion: Conversion) -> None:
        """Removes the upload within seconds; the sweeper does later what the store does not do now.

        The record goes first, so that no worker converts an upload whose last save went through.
        """
        get_logger(__name__).info("upload discarded", conversion_id=conversion.id)
        await self.cleanup.in_background(self._remove(conversion))

    async def _remove(self, conversion: Conversion) -> None:
        """A cancelled conversion stays in its owner's list, without bytes."""
        newest = await self.store.get(conversion.id)
        if newest is not None and newest.status is State.CANCELLED and not newest.deleted_at:
            await self.cleanup.delete_temporary_blobs(newest)
            return
        with contextlib.suppress(LeaseLost):
            conversion = await change(self.store, conversion.id, lambda newest: deleted(newest, self.clock()))
        await self.cleanup.purge(conversion)
