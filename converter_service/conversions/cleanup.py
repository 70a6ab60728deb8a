"""Deletion of blobs and records, in steps that can be interrupted and repeated."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterable, Sequence
from datetime import datetime

from converter_service.conversions.blobs import Blobs
from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import ConversionStore, VersionConflict
from converter_service.conversions.segments import Upload
from converter_service.conversions.transitions.removal import (
    bytes_deleted,
    deleted,
    temporary_blobs_deleted,
    video_inherited,
)
from converter_service.conversions.update import change
from shared.errors import Unavailable
from shared.logs import get_logger

# How long a request waits for clean-up before it is answered.
REQUEST_WAIT_S = 3.0
# How many deletions of several at once are under way at the same time.
PURGES_AT_ONCE = 4


class Cleanup:
    """Order of all deletions: mark in the record, delete the blobs, remove the references."""

    def __init__(self, store: ConversionStore, blobs: Blobs) -> None:
        self._store = store
        self._blobs = blobs
        self._background: set[asyncio.Task[None]] = set()
        self._purges = asyncio.Semaphore(PURGES_AT_ONCE)

    async def delete(self, conversion_id: str, now: datetime) -> None:
        """Marks a conversion as deleted and purges it, if need be after the return.

        An active run loses its lease and stops. Raises LeaseLost when the record does not exist any more.
        """
        marked = await change(self._store, conversion_id, lambda newest: deleted(newest, now))
        await self.in_background(self.purge_unless_written(marked, now))

    async def delete_later(self, conversion_id: str, now: datetime) -> None:
        """As `delete`, but waits for no blob: they are deleted in turn with those of others."""
        marked = await change(self._store, conversion_id, lambda newest: deleted(newest, now))
        self._start(self._purge_in_turn(marked, now))

    async def _purge_in_turn(self, conversion: Conversion, now: datetime) -> None:
        async with self._purges:
            await self.purge_unless_written(conversion, now)

    async def in_background(self, work: Coroutine[object, object, None]) -> None:
        """Runs clean-up that may continue after the response; returns after REQUEST_WAIT_S at the latest.

        It is not cancelled: the timeouts of the store end it, and the sweeper repeats what has failed.
        """
        await asyncio.wait({self._start(work)}, timeout=REQUEST_WAIT_S)

    def _start(self, work: Coroutine[object, object, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(_logged(work))
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def purge_unless_written(self, conversion: Conversion, now: datetime) -> None:
        """Deletes the blobs of a deleted conversion, and its record unless a writer may still be active.

        The record lists the blobs of that writer; the sweeper purges them once its lease has expired.
        """
        await self._delete_unused_blobs(conversion)
        written_until = conversion.written_until
        if written_until is None or written_until <= now:
            await self._store.remove(conversion.id)

    async def purge(self, conversion: Conversion) -> None:
        """Deletes the blobs and the record of a deleted conversion that has no active writer."""
        await self._delete_unused_blobs(conversion)
        await self._store.remove(conversion.id)

    async def purge_part(self, part: Conversion, upload: Upload) -> None:
        """Removes a partial upload that is part of a final one; its blobs only if the final one is deleted
        and no other conversion uses the video.

        Raises VersionConflict while the final upload is not complete.
        """
        final = await self._store.get(upload.joined_into or "")
        if final is not None and not final.deleted_at and final.upload is not None:
            if final.status is State.UPLOADING:
                raise VersionConflict(final.id)
        else:
            segments = [segment.blob for segment in upload.segments]
            if not segments or await self._store.video_user(segments[0], part.id) is None:
                await self._delete_blobs(segments)
        await self._store.remove(part.id)

    async def delete_temporary_blobs(self, conversion: Conversion) -> None:
        """Deletes the temporary blobs of a conversion that has ended."""
        if blobs := conversion.temporary_blobs:
            await self._delete_blobs(blobs)
            await change(self._store, conversion.id, lambda newest: temporary_blobs_deleted(newest, blobs))

    async def delete_bytes(self, conversion: Conversion) -> None:
        """Deletes all blobs of an expired conversion."""
        await self._delete_unused_blobs(conversion)
        await change(self._store, conversion.id, bytes_deleted)

    async def _delete_unused_blobs(self, conversion: Conversion) -> None:
        """Deletes the blobs of a conversion that is deleted or expired, without a video that others use.

        A new user of the video saves its own record first and then looks whether this one still has it:
        either this method finds that record, or that one finds this deletion.
        """
        video = conversion.source_blobs
        kept = video if await self._is_video_used(conversion, video) else ()
        every = dict.fromkeys((*conversion.blobs, *video))
        await self._delete_blobs(blob for blob in every if blob not in kept)

    async def _is_video_used(self, conversion: Conversion, video: Sequence[str]) -> bool:
        """Whether another conversion uses the whole video. It counts its bytes from then on."""
        while video and (heir := await self._store.video_user(video[0], conversion.id)) is not None:
            if heir.counts_video or not conversion.counts_video:
                return True
            with contextlib.suppress(LeaseLost):  # deleted meanwhile: the next one inherits
                await change(self._store, heir.id, video_inherited)
                return True
        return False

    async def _delete_blobs(self, blobs: Iterable[str]) -> None:
        for blob in blobs:
            await self._blobs.delete(blob)


async def _logged(work: Coroutine[object, object, None]) -> None:
    log = get_logger(__name__)
    try:
        await work
    except Unavailable:
        log.warning("clean-up failed: store unavailable")
    except Exception:  # the sweeper tries again
        log.exception("clean-up failed")
