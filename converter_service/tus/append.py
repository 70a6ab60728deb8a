"""Appends the body of one request to a resumable upload, as a segment in a blob of its own."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Never

from converter_service.conversions.blobs import BlobMissing, Blobs, WriterFenced
from converter_service.conversions.identifiers import new_id
from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.quota import Quota
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
from converter_service.tus.limits import LEASE, ResumableLimits
from converter_service.tus.writer_lock import WriterLock
from shared.clock import Clock
from shared.errors import Gone, Unavailable

# How often a writer renews its lease while bytes arrive.
BEAT = timedelta(seconds=1.5)
BEYOND_LENGTH = "The request has more bytes than the upload lacks."


@dataclass(frozen=True, slots=True)
class ChunkAppender:
    store: ConversionStore
    blobs: Blobs
    lock: WriterLock
    quota: Quota
    limits: ResumableLimits
    clock: Clock

    async def append(self, conversion: Conversion, offset: int, chunk: UploadChunk) -> Conversion:
        """Raises WrongOffset, UploadLocked, Gone, Unavailable, TooLarge beyond the quota, and the error that
        ended `chunk` early.
        """
        upload, blob = upload_of(conversion), new_id()
        is_first = upload.offset == 0 and not upload.is_partial
        if upload.length is None:
            chunk.place(room=self.limits.max_bytes - offset, is_first=is_first, beyond=self.limits.beyond)
            chunk.meter(self.quota.meter(conversion), offset)
        else:
            chunk.place(room=upload.length - offset, is_first=is_first, beyond=BEYOND_LENGTH)
        writer = SegmentWriter(blob, self.clock() + LEASE, verified=chunk.verified)
        locked = await self._acquire(conversion, writer, offset)
        try:
            stored = await self.blobs.write_recoverable(blob, self._segment_bytes(locked, blob, chunk))
            longer = await self._store_segment(locked.id, blob, stored.size)
        except (LeaseLost, WriterFenced, BlobMissing):
            await self._give_way(locked.id, blob)
        except Unavailable:
            raise  # the next request finds what is stored
        except Exception:
            await self._discard(locked.id, blob)
            raise
        await self.lock.delete_temporary_blobs(longer)
        if chunk.broken is not None:
            raise chunk.broken
        return longer

    async def _acquire(self, conversion: Conversion, writing: SegmentWriter, offset: int) -> Conversion:
        for blob in conversion.temporary_blobs:
            await self.blobs.delete(blob)
        acquire = partial(
            writer_acquired,
            writing=writing,
            offset=offset,
            small=self.limits.small_bytes,
            removed=conversion.temporary_blobs,
        )
        try:
            return await change(self.store, conversion.id, acquire)
        except LeaseLost:
            raise Gone("The upload has been terminated.") from None

    async def _segment_bytes(self, locked: Conversion, blob: str, chunk: UploadChunk) -> AsyncIterator[bytes]:
        """The bytes of the last segment when it is replaced, then those of the chunk; renews the lease
        meanwhile. Raises LeaseLost once another request is the writer.
        """
        upload = upload_of(locked)
        if upload.writing is not None and upload.writing.repeats:
            async for piece in await self.blobs.open(upload.segments[-1].blob):
                yield piece
        renewed_at = self.clock()
        async for piece in chunk:
            if self.clock() - renewed_at >= BEAT:
                renewed_at = self.clock()
                with contextlib.suppress(Unavailable):  # no other process can take over meanwhile
                    renew = partial(writer_renewed, blob=blob, until=renewed_at + LEASE)
                    await change(self.store, locked.id, renew)
            yield piece

    async def _store_segment(self, conversion_id: str, blob: str, size: int) -> Conversion:
        """Also succeeds when another process has recovered the complete blob, or when an earlier save went
        through and its response was lost. Raises LeaseLost.
        """
        try:
            return await change(
                self.store,
                conversion_id,
                lambda newest: segment_stored(newest, blob, size, now=self.clock(), ttl=self.limits.ttl),
                self.lock.events,
            )
        except LeaseLost:
            newest = await self.store.get(conversion_id)
            if newest is not None and not newest.deleted_at and has_segment(newest, blob):
                return newest
            raise

    async def _discard(self, conversion_id: str, blob: str) -> None:
        """Removes refused bytes. While the store is away nothing happens: the lease expires."""
        with contextlib.suppress(Unavailable, LeaseLost):
            await change(self.store, conversion_id, lambda newest: segment_discarded(newest, blob))
            await self.blobs.delete(blob)

    async def _give_way(self, conversion_id: str, blob: str) -> Never:
        """After the lease was lost: deletes the blob unless the upload refers to it.

        While the record still names this writer, another process may be about to store its segment.
        Raises UploadLocked, or Gone for a terminated upload.
        """
        newest = await self.store.get(conversion_id)
        if newest is None or not (has_segment(newest, blob) or is_being_written(newest, blob)):
            await self.blobs.delete(blob)
        if newest is None or newest.deleted_at or newest.status is State.CANCELLED:
            raise Gone("The upload has been terminated.")
        raise UploadLocked
