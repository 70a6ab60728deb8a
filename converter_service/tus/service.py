"""Resumable uploads (tus 1.0.0): one writer at a time, and stored bytes survive the end of any process."""

from converter_service.conversions.blobs import Blobs
from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.events import EventFactory
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.quota import Quota
from converter_service.conversions.transitions.resumable import upload_of
from converter_service.errors import PartAlreadyUsed, UploadLocked, WrongOffset
from converter_service.tus.append import ChunkAppender
from converter_service.tus.chunk import UploadChunk
from converter_service.tus.concatenation import Concatenation
from converter_service.tus.creation import CreationRequest, UploadCreation
from converter_service.tus.deferred_length import DeferredLength
from converter_service.tus.limits import ResumableLimits
from converter_service.tus.writer_lock import WriterLock
from converter_service.uploads.idempotency import IdempotencyKeys
from shared.clock import Clock
from shared.errors import FieldError, Forbidden, Gone, InvalidRequest, NotFound, TooLarge, Unavailable
from shared.identity.principal import Principal


class ResumableUploads:
    """All methods raise NotFound for an upload of another owner. See docs/decisions."""

    def __init__(
        self,
        store: ConversionStore,
        blobs: Blobs,
        cleanup: Cleanup,
        events: EventFactory,
        *,
        limits: ResumableLimits,
        clock: Clock,
        quota: Quota,
    ) -> None:
        self._store = store
        self._clock = clock
        self._lock = WriterLock(store, blobs, events, limits, clock)
        self._appender = ChunkAppender(store, blobs, self._lock, quota, limits, clock)
        self._deferred_length = DeferredLength(store, self._lock, quota, limits, clock)
        concatenation = Concatenation(store, self._lock, clock)
        keys = IdempotencyKeys(store, clock)
        self._creation = UploadCreation(cleanup, concatenation, keys, quota, limits, clock)

    async def create(self, owner: Principal, request: CreationRequest, key: str | None = None) -> Conversion:
        """Returns the new upload, or the earlier one with the same `key` in its present state.

        Raises InvalidRequest, EmptyUpload, TooLarge, IdempotencyMismatch; PartAlreadyUsed for parts that are
        incomplete or used; RateLimited, TooLarge and Overloaded by the quota.
        """
        if not request.parts:
            return await self._creation.create(owner, request, key)
        parts = [await self._part(owner, part_id) for part_id in request.parts]
        return await self._creation.concatenate(owner, request, parts, key)

    async def create_with(
        self, owner: Principal, request: CreationRequest, key: str | None, chunk: UploadChunk
    ) -> Conversion:
        """Creates an upload and appends its first bytes; when those are refused, the upload is deleted."""
        if request.parts:
            raise InvalidRequest("A final upload has no bytes of its own.")
        created = await self.create(owner, request, key)
        if upload_of(created).offset:
            return created  # created by an earlier request with this key
        try:
            return await self._appender.append(created, 0, chunk)
        except (Unavailable, UploadLocked, WrongOffset):
            raise
        except Exception:
            if chunk.broken is None or chunk.verified:
                await self._creation.cancel(created)
            raise

    async def state(self, owner: Principal, upload_id: str) -> Conversion:
        """The upload; the bytes that its offset counts are durable. Those of a request that is still running
        are not counted.
        """
        found = await self._own(owner, upload_id)
        try:
            return await self._lock.wait_until_free(found)
        except UploadLocked:
            return await self._own(owner, upload_id)

    async def append(
        self, owner: Principal, upload_id: str, offset: int, chunk: UploadChunk, length: int | None = None
    ) -> Conversion:
        """Keeps what arrives before the body breaks off, unless a checksum covers it. `length` is that of
        the whole upload, for one that was created without.

        Raises InvalidRequest and TooLarge for such a length, WrongOffset, UploadLocked, Forbidden for a final
        upload, TooLarge, ChecksumMismatch, UnsupportedMediaType, Gone, Unavailable, and the error that the
        body broke off with.
        """
        found = await self._own(owner, upload_id)
        if upload_of(found).is_final:
            raise Forbidden("A final upload cannot be written to.")
        found = await self._lock.wait_until_free(found)
        upload = upload_of(found)
        if upload.offset != offset:
            raise WrongOffset(upload.offset)
        if length is not None:
            if (chunk.announced_size or 0) > length - offset >= 0:
                raise TooLarge("The request has more bytes than its Upload-Length allows.")
            found = await self._deferred_length.declare(found, length)
        if chunk.announced_size == 0:
            return found
        if upload_of(found).is_complete:
            await chunk.require_empty("The upload is complete.")
            return found
        return await self._appender.append(found, offset, chunk)

    async def terminate(self, owner: Principal, upload_id: str) -> None:
        """Deletes the upload in any state, with the conversion that it has become."""
        found = await self._own(owner, upload_id)
        if upload_of(found).joined_into:
            raise NotFound
        await self._creation.cancel(found)

    async def _own(self, owner: Principal, upload_id: str) -> Conversion:
        """Raises NotFound, and Gone for an upload that has expired or was cancelled."""
        found = await self._store.get(upload_id)
        if found is None or found.deleted_at or found.owner_id != owner.user_id or found.upload is None:
            raise NotFound
        rests = found.status is State.UPLOADING and found.upload.writing is None
        if rests and found.upload.expires_at <= self._clock():
            raise Gone("The upload has expired.")
        if found.status is not State.UPLOADING and not found.upload.is_complete:
            raise Gone("The upload is over.")
        return found

    async def _part(self, owner: Principal, part_id: str) -> Conversion:
        """Raises InvalidRequest unless it is a partial upload, PartAlreadyUsed unless it is complete."""
        try:
            found = await self._lock.wait_until_free(await self._own(owner, part_id))
        except (NotFound, Gone):
            raise _invalid_part(part_id) from None
        if not upload_of(found).is_partial:
            raise _invalid_part(part_id)
        if not upload_of(found).is_complete:
            raise PartAlreadyUsed
        return found


def _invalid_part(part_id: str) -> InvalidRequest:
    return InvalidRequest(
        "A part does not exist.",
        errors=[FieldError("Upload-Concat", f"names {part_id}, which is no partial upload")],
    )
