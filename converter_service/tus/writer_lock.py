"""The lock that one writer at a time holds on a resumable upload, and its release after the writer died."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from converter_service.conversions.blobs import Blobs
from converter_service.conversions.events import EventFactory
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import ConversionStore, VersionConflict
from converter_service.conversions.segments import SegmentWriter
from converter_service.conversions.transitions.resumable import segment_stored, upload_of
from converter_service.errors import UploadLocked
from converter_service.tus.limits import ResumableLimits
from shared.clock import Clock
from shared.errors import Gone, Unavailable
from shared.logs import get_logger
from shared.messaging.envelope import Envelope

POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class WriterLock:
    """The lock is the lease in `Upload.writing`. Any number of processes may release the same dead writer at
    once: one save succeeds, and all find the same bytes.
    """

    store: ConversionStore
    blobs: Blobs
    event_factory: EventFactory
    limits: ResumableLimits
    clock: Clock

    async def wait_until_free(self, conversion: Conversion) -> Conversion:
        """Waits until the upload has no writer, and returns its newest value. A client that reconnects often
        arrives before its earlier request has ended.

        Raises UploadLocked when that takes longer than `patience`, Gone when the upload is deleted meanwhile,
        and Unavailable.
        """
        until = asyncio.get_running_loop().time() + self.limits.patience.total_seconds()
        while (writing := upload_of(conversion).writing) is not None:
            if writing.until <= self.clock():
                conversion = await self._release(conversion, writing)
                continue
            if asyncio.get_running_loop().time() >= until:
                raise UploadLocked
            await asyncio.sleep(POLL_S)
            conversion = await self._newest(conversion.id)
        return conversion

    async def _release(self, conversion: Conversion, writing: SegmentWriter) -> Conversion:
        """Stores what a dead writer has written as a segment, unless a checksum was to cover it."""
        size = 0 if writing.verified else await self.blobs.recover(writing.blob)
        released = segment_stored(conversion, writing.blob, size, now=self.clock(), ttl=self.limits.ttl)
        try:
            saved = await self.store.save(released, *self.events(released))
        except VersionConflict:
            return await self._newest(conversion.id)
        get_logger(__name__).info(
            "expired upload writer released", conversion_id=conversion.id, offset=upload_of(saved).offset
        )
        await self.delete_temporary_blobs(saved)
        return saved

    async def _newest(self, conversion_id: str) -> Conversion:
        found = await self.store.get(conversion_id)
        if found is None or found.deleted_at:
            raise Gone("The upload has been terminated.")
        return found

    def events(self, conversion: Conversion) -> Sequence[Envelope]:
        """The events to store with an upload: of its completion, when it has its last byte."""
        return self.event_factory.uploaded(conversion) if conversion.status is State.QUEUED else ()

    async def delete_temporary_blobs(self, conversion: Conversion) -> None:
        """Their references are removed with the next change of the record."""
        with contextlib.suppress(Unavailable):
            for blob in conversion.temporary_blobs:
                await self.blobs.delete(blob)
