"""Removing bytes for good. Each step may be cut short or run twice: whoever comes next finishes it."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime

from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import Blobs, ConversionStore, VersionConflict
from converter_service.conversions.segments import Upload
from converter_service.conversions.transitions.removal import bytes_deleted, temporary_blobs_deleted
from converter_service.conversions.update import change
from shared.errors import Unavailable
from shared.logs import get_logger

# While somebody waits for an answer.
PROMPTLY_S = 3.0


def no_metrics(_: str) -> None:
    """Where nobody counts what is removed."""


class Cleanup:
    """Everywhere the record first says what goes, then the bytes go, then the record forgets them."""

    def __init__(self, store: ConversionStore, blobs: Blobs) -> None:
        self._store = store
        self._blobs = blobs

    async def purge_unless_written(self, conversion: Conversion, now: datetime) -> None:
        """A deleted conversion: its bytes, then its record.

        The record stays while somebody may still be writing, as the only place that knows where.
        """
        for blob in conversion.blobs:
            await self._blobs.delete(blob)
        written_until = conversion.written_until
        if written_until is None or written_until <= now:
            await self._store.remove(conversion.id)

    async def purge(self, conversion: Conversion) -> None:
        """The same by the one who was writing and has stopped."""
        for blob in conversion.blobs:
            await self._blobs.delete(blob)
        await self._store.remove(conversion.id)

    async def purge_part(self, part: Conversion, upload: Upload) -> None:
        """A partial upload that was given up to another. Its bytes go only if that other came to nothing.

        Raises VersionConflict while that is not known.
        """
        final = await self._store.get(upload.joined_into or "")
        if final is not None and not final.deleted_at and final.upload is not None:
            if final.status is State.UPLOADING:
                raise VersionConflict(final.id)
            await self._store.remove(part.id)
            return
        for segment in upload.segments:
            await self._blobs.delete(segment.blob)
        await self._store.remove(part.id)

    async def delete_temporary_blobs(self, conversion: Conversion) -> None:
        """A finished conversion loses what its dead runs left."""
        for blob in conversion.temporary_blobs:
            await self._blobs.delete(blob)
        if conversion.temporary_blobs:
            await change(
                self._store,
                conversion.id,
                lambda newest: temporary_blobs_deleted(newest, conversion.temporary_blobs),
            )

    async def delete_bytes(self, conversion: Conversion) -> None:
        """An expired conversion loses its bytes."""
        for blob in conversion.blobs:
            await self._blobs.delete(blob)
        await change(self._store, conversion.id, bytes_deleted)


class BackgroundCleanup:
    """Cleaning that goes on behind an answer when it takes longer than anybody should wait for it.

    It is not cancelled: the store's own time-outs end it, and the sweeper does what it could not.
    """

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    async def clean(self, work: Coroutine[object, object, None]) -> None:
        """Returns when it is done, has failed, or has taken too long."""
        task = asyncio.create_task(_logged(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.wait({task}, timeout=PROMPTLY_S)


async def _logged(work: Coroutine[object, object, None]) -> None:
    log = get_logger(__name__)
    try:
        await work
    except Unavailable:
        log.warning("not cleaned up: the store is away")
    except Exception:  # the sweeper tries again
        log.exception("not cleaned up")
