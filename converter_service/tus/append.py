"""One request writes to a resumable upload: into a blob of its own, which counts while nobody took over."""

import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Never

from converter_service.conversions.identifiers import new_id
from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import BlobMissing, Blobs, ConversionStore, WriterFenced
from converter_service.conversions.segments import SegmentWriter
from converter_service.conversions.transitions.resumable import (
    has_segment,
    is_being_written,
    segment_discarded,
    segment_stored,
    upload_of,
    writer_acquired,
    writer_renewed,
)
from converter_service.conversions.update import change
from converter_service.errors import UploadLocked
from converter_service.tus.chunk import UploadChunk
from converter_service.tus.locking import Closing
from shared.clock import Clock
from shared.errors import Gone, Unavailable

# How long a writer may be silent before it counts as dead, and how often it says that it lives.
LEASE = timedelta(seconds=5)
BEAT = timedelta(seconds=1.5)


class Appending:
    """`small` in bytes: a last segment that is smaller is written anew with what follows it."""

    def __init__(
        self,
        store: ConversionStore,
        blobs: Blobs,
        closing: Closing,
        clock: Clock,
        *,
        small: int,
        ttl: timedelta,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._closing = closing
        self._small = small
        self._ttl = ttl
        self._clock = clock

    async def append(self, conversion: Conversion, offset: int, chunk: UploadChunk) -> Conversion:
        """Raises WrongOffset, UploadLocked, Gone, Unavailable, and whatever ended `chunk` early."""
        blob = new_id()
        taken = await self._take(
            conversion, SegmentWriter(blob, self._alive_until(), verified=chunk.verified), offset
        )
        try:
            stored = await self._blobs.write_recoverable(blob, self._bytes(taken, blob, chunk))
            longer = await self._seal(taken.id, blob, stored.size)
        except (LeaseLost, WriterFenced, BlobMissing):
            await self._lost(taken.id, blob)
        except Unavailable:
            raise  # whoever asks next finds what is stored
        except Exception:
            await self._throw_away(taken.id, blob)
            raise
        await self._closing.clear(longer)
        if chunk.broken is not None:
            raise chunk.broken
        return longer

    async def _take(self, conversion: Conversion, writing: SegmentWriter, offset: int) -> Conversion:
        for blob in conversion.temporary_blobs:
            await self._blobs.delete(blob)

        def step(newest: Conversion) -> Conversion:
            return writer_acquired(
                newest, writing, offset=offset, small=self._small, removed=conversion.temporary_blobs
            )

        try:
            return await change(self._store, conversion.id, step)
        except LeaseLost:
            raise Gone("The upload has been terminated.") from None

    async def _bytes(self, taken: Conversion, blob: str, chunk: UploadChunk) -> AsyncIterator[bytes]:
        """What the blob is to hold: the unfinished tail once more, then what arrives. LeaseLost once it is
        somebody else's to write.
        """
        upload = upload_of(taken)
        if upload.writing is not None and upload.writing.repeats:
            async for piece in await self._blobs.open(upload.segments[-1].blob):
                yield piece
        said = self._clock()
        async for piece in chunk:
            if self._clock() - said >= BEAT:
                said = self._clock()
                with contextlib.suppress(Unavailable):  # nobody can take it over meanwhile
                    await self._say_alive(taken.id, blob)
            yield piece

    async def _say_alive(self, conversion_id: str, blob: str) -> None:
        until = self._alive_until()
        await change(self._store, conversion_id, lambda newest: writer_renewed(newest, blob, until))

    def _alive_until(self) -> datetime:
        return self._clock() + LEASE

    async def _seal(self, conversion_id: str, blob: str, size: int) -> Conversion:
        """Finds its own work done when somebody took it for dead after its last byte, or when the answer to
        a save was lost. Raises LeaseLost.
        """
        try:
            return await change(
                self._store,
                conversion_id,
                lambda newest: segment_stored(newest, blob, size, now=self._clock(), ttl=self._ttl),
                self._closing.events,
            )
        except LeaseLost:
            newest = await self._store.get(conversion_id)
            if newest is not None and not newest.deleted_at and has_segment(newest, blob):
                return newest
            raise

    async def _throw_away(self, conversion_id: str, blob: str) -> None:
        """Refused bytes. If the store is out of reach they are closed like a dead writer's."""
        with contextlib.suppress(Unavailable, LeaseLost):
            await change(self._store, conversion_id, lambda newest: segment_discarded(newest, blob))
            await self._blobs.delete(blob)

    async def _lost(self, conversion_id: str, blob: str) -> Never:
        """Somebody else goes on, or it was terminated. Its own bytes go, if they do not count.

        While it still stands there as the writer, somebody may be about to save that they do.
        """
        newest = await self._store.get(conversion_id)
        if newest is None or not (has_segment(newest, blob) or is_being_written(newest, blob)):
            await self._blobs.delete(blob)
        if newest is None or newest.deleted_at or newest.status is State.CANCELLED:
            raise Gone("The upload has been terminated.")
        raise UploadLocked
