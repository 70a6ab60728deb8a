"""A conversion is deleted, in whatever state: for everybody at once; its bytes go soon."""

from converter_service.conversions.cleanup import BackgroundCleanup, Cleanup
from converter_service.conversions.ports import Blobs, ConversionStore
from converter_service.conversions.transitions.removal import deleted
from converter_service.conversions.update import change
from shared.clock import Clock


class Deleting:
    """Its bytes go while one waits or, if that takes long, behind the answer.

    A run that is under way stops when its worker next looks.
    """

    def __init__(self, store: ConversionStore, blobs: Blobs, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._cleanup = Cleanup(store, blobs)
        self._background = BackgroundCleanup()

    async def delete(self, conversion_id: str) -> None:
        """Raises LeaseLost when it is gone already."""
        now = self._clock()
        buried = await change(self._store, conversion_id, lambda newest: deleted(newest, now))
        await self._background.clean(self._cleanup.purge_unless_written(buried, now))
