"""Removes the record and the bytes of an upload that failed."""

import contextlib

from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.transitions.removal import deleted
from converter_service.conversions.update import change
from shared.clock import Clock
from shared.logs import get_logger


class AbortedUploads:
    """For the process that was receiving the upload and has stopped."""

    def __init__(self, store: ConversionStore, cleanup: Cleanup, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._cleanup = cleanup

    async def discard(self, conversion: Conversion) -> None:
        """Returns within seconds; the sweeper does later what the store does not do now.

        The record goes first, so that no worker converts an upload whose last save went through.
        """
        get_logger(__name__).info("upload discarded", conversion_id=conversion.id)
        await self._cleanup.in_background(self._remove(conversion))

    async def _remove(self, conversion: Conversion) -> None:
        """A cancelled conversion stays in its owner's list, without bytes."""
        newest = await self._store.get(conversion.id)
        if newest is not None and newest.status is State.CANCELLED and not newest.deleted_at:
            await self._cleanup.delete_temporary_blobs(newest)
            return
        with contextlib.suppress(LeaseLost):
            await change(self._store, conversion.id, lambda newest: deleted(newest, self._clock()))
        await self._cleanup.purge(conversion)
