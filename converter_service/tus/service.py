"""Videos that come in several requests: what is stored stays, whoever dies; nobody writes over another."""

from datetime import timedelta

from msgspec import Struct

from converter_service.conversions.deletion import Deleting
from converter_service.conversions.events import EventFactory
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.owner import Owner
from converter_service.conversions.ports import Blobs, ConversionStore
from converter_service.conversions.quota import Quota
from converter_service.conversions.transitions.resumable import upload_of
from converter_service.errors import PartAlreadyUsed, UploadLocked, WrongOffset
from converter_service.tus.append import LEASE, Appending
from converter_service.tus.chunk import UploadChunk
from converter_service.tus.concatenation import Joining
from converter_service.tus.creation import Beginning, Wanted
from converter_service.tus.locking import Closing
from shared.clock import Clock
from shared.errors import (
    FieldError,
    Forbidden,
    Gone,
    InvalidRequest,
    NotFound,
    TooLarge,
    Unavailable,
)

# No record grows beyond some hundred KiB, however many requests an upload takes.
MOST_SEGMENTS = 4096
SMALLEST_SEGMENT_BYTES = 1024 * 1024
# Long enough for a dead writer's lease to lapse, and shorter than the gateway waits for a first word.
PATIENCE = LEASE + timedelta(seconds=0.5)


class ResumableLimits(Struct, frozen=True):
    """How many bytes a video may have, how long an upload may rest before it expires, and for how long a
    request waits for another one to end.
    """

    max_bytes: int
    ttl: timedelta
    patience: timedelta = PATIENCE


class Uploads:
    """Every call takes the owner; what belongs to someone else does not exist. See docs/decisions."""

    def __init__(
        self,
        store: ConversionStore,
        blobs: Blobs,
        events: EventFactory,
        limits: ResumableLimits,
        clock: Clock,
        *,
        quota: Quota | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        small = max(SMALLEST_SEGMENT_BYTES, limits.max_bytes // MOST_SEGMENTS)
        self._closing = Closing(store, blobs, events, clock, ttl=limits.ttl, patience=limits.patience)
        self._appending = Appending(store, blobs, self._closing, clock, small=small, ttl=limits.ttl)
        self._beginning = Beginning(
            store,
            Deleting(store, blobs, clock),
            Joining(store, self._closing, clock),
            clock,
            max_bytes=limits.max_bytes,
            ttl=limits.ttl,
            quota=quota,
        )

    async def create(self, owner: Owner, wanted: Wanted, key: str | None = None) -> Conversion:
        """With the `key` of an earlier creation that one is returned, as far as it has come since.

        Raises InvalidRequest that names what cannot be met, EmptyUpload, TooLarge, IdempotencyMismatch, and
        for parts that are not whole, or were joined before, JoinedAlready. When there is no room for it:
        RateLimited, TooLarge, Overloaded.
        """
        if wanted.length is not None:
            return await self._beginning.begin(owner, wanted, wanted.length, key)
        parts = [await self._part(owner, part_id) for part_id in wanted.parts]
        return await self._beginning.join(owner, wanted, parts, key)

    async def create_with(
        self, owner: Owner, wanted: Wanted, key: str | None, chunk: UploadChunk
    ) -> Conversion:
        """The same, and its first bytes with it. When those are refused there is no upload either."""
        if wanted.length is None:
            raise InvalidRequest("What is joined from parts has no bytes of its own.")
        created = await self.create(owner, wanted, key)
        if upload_of(created).offset:
            return created  # by an earlier request with this key
        try:
            return await self._appending.append(created, 0, _placed(chunk, created))
        except (Unavailable, UploadLocked, WrongOffset):
            raise
        except Exception:
            if chunk.broken is None or chunk.verified:
                await self._beginning.call_off(created)
            raise

    async def state(self, owner: Owner, upload_id: str) -> Conversion:
        """As far as it has come: what the offset says is durable. While somebody writes, the bytes of that
        request do not count yet.
        """
        found = await self._own(owner, upload_id)
        try:
            return await self._closing.settled(found)
        except UploadLocked:
            return await self._own(owner, upload_id)

    async def append(self, owner: Owner, upload_id: str, offset: int, chunk: UploadChunk) -> Conversion:
        """What arrives before the body breaks off is kept, unless a checksum covers it.

        Raises WrongOffset, UploadLocked, Forbidden for one that was joined, TooLarge, ChecksumMismatch,
        UnsupportedMediaType, Gone, Unavailable, and what the body broke off with.
        """
        found = await self._own(owner, upload_id)
        if upload_of(found).is_final:
            raise Forbidden("An upload that was joined from parts cannot be written to.")
        found = await self._closing.settled(found)
        upload = upload_of(found)
        if upload.offset != offset:
            raise WrongOffset(upload.offset)
        if chunk.announced_size == 0:
            return found
        if upload.is_complete:
            raise TooLarge("The upload is complete.")
        return await self._appending.append(found, offset, _placed(chunk, found))

    async def terminate(self, owner: Owner, upload_id: str) -> None:
        """In every state. The conversion that it has become goes with it."""
        found = await self._own(owner, upload_id)
        if upload_of(found).joined_into:
            raise NotFound
        await self._beginning.call_off(found)

    async def _own(self, owner: Owner, upload_id: str) -> Conversion:
        """Raises NotFound, and Gone for one whose time is over or whose conversion was cancelled."""
        found = await self._store.get(upload_id)
        if found is None or found.deleted_at or found.owner_id != owner.id or found.upload is None:
            raise NotFound
        rests = found.status is State.UPLOADING and found.upload.writing is None
        if rests and found.upload.expires_at <= self._clock():
            raise Gone("The upload has expired.")
        if found.status is not State.UPLOADING and not found.upload.is_complete:
            raise Gone("The upload is over.")
        return found

    async def _part(self, owner: Owner, part_id: str) -> Conversion:
        """Raises InvalidRequest for what is no part of one's own, JoinedAlready for one that is not whole."""
        try:
            found = await self._closing.settled(await self._own(owner, part_id))
        except (NotFound, Gone):
            raise _no_part(part_id) from None
        if not upload_of(found).is_partial:
            raise _no_part(part_id)
        if not upload_of(found).is_complete:
            raise PartAlreadyUsed
        return found


def _no_part(part_id: str) -> InvalidRequest:
    return InvalidRequest(
        "A part is not there.", errors=[FieldError("Upload-Concat", f"names {part_id}, which is no part")]
    )


def _placed(chunk: UploadChunk, conversion: Conversion) -> UploadChunk:
    upload = upload_of(conversion)
    is_first = upload.offset == 0 and not upload.is_partial
    chunk.place(room=upload.length - upload.offset, is_first=is_first)
    return chunk
