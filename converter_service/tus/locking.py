"""An upload is nobody's to write: its writer has ended, or was silent for so long that it counts as dead."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta

from converter_service.conversions.events import EventFactory
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import Blobs, ConversionStore, VersionConflict
from converter_service.conversions.segments import SegmentWriter
from converter_service.conversions.transitions.resumable import segment_stored, upload_of
from converter_service.errors import UploadLocked
from shared.clock import Clock
from shared.errors import Gone, Unavailable
from shared.logs import get_logger
from shared.messaging.envelope import Envelope

LOOK_AGAIN_S = 0.1


class Closing:
    """Any number may close the same writer at once: one save counts, and all find the same bytes."""

    def __init__(
        self,
        store: ConversionStore,
        blobs: Blobs,
        events: EventFactory,
        clock: Clock,
        *,
        ttl: timedelta,
        patience: timedelta,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._events = events
        self._ttl = ttl
        self._patience_s = patience.total_seconds()
        self._clock = clock

    async def settled(self, conversion: Conversion) -> Conversion:
        """The newest value, once nobody writes any more: a client that starts again comes before what it had
        sent last is stored. Raises UploadLocked for a writer that goes on for longer than one should wait,
        Gone when the upload was deleted meanwhile, and Unavailable.
        """
        until = asyncio.get_running_loop().time() + self._patience_s
        while (writing := upload_of(conversion).writing) is not None:
            if writing.until <= self._clock():
                conversion = await self._close(conversion, writing)
                continue
            if asyncio.get_running_loop().time() >= until:
                raise UploadLocked
            await asyncio.sleep(LOOK_AGAIN_S)
            conversion = await self._newest(conversion.id)
        return conversion

    async def _close(self, conversion: Conversion, writing: SegmentWriter) -> Conversion:
        size = 0 if writing.verified else await self._blobs.recover(writing.blob)
        closed = segment_stored(conversion, writing.blob, size, now=self._clock(), ttl=self._ttl)
        try:
            saved = await self._store.save(closed, *self.events(closed))
        except VersionConflict:
            return await self._newest(conversion.id)
        get_logger(__name__).info(
            "silent writer closed", conversion_id=conversion.id, offset=upload_of(saved).offset
        )
        await self.clear(saved)
        return saved

    async def _newest(self, conversion_id: str) -> Conversion:
        found = await self._store.get(conversion_id)
        if found is None or found.deleted_at:
            raise Gone("The upload has been terminated.")
        return found

    def events(self, conversion: Conversion) -> Sequence[Envelope]:
        """To be stored with an upload that may have got its last byte."""
        return self._events.uploaded(conversion) if conversion.status is State.QUEUED else ()

    async def clear(self, conversion: Conversion) -> None:
        """What is not needed any more goes now; the record forgets it with its next change."""
        with contextlib.suppress(Unavailable):
            for blob in conversion.temporary_blobs:
                await self._blobs.delete(blob)
