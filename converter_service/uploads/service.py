"""Accepts uploads of a whole video: checks them, stores their bytes, and queues their conversions."""

from datetime import timedelta

from msgspec import Struct

from converter_service.conversions.blobs import Blobs
from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.events import EventFactory
from converter_service.conversions.identifiers import new_id
from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion, Source, State
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.quota import Quota
from converter_service.conversions.requested_options import parse_options
from converter_service.uploads.abort import AbortedUploads
from converter_service.uploads.admission import Admission
from converter_service.uploads.filenames import safe_name
from converter_service.uploads.idempotency import (
    IdempotencyKeys,
    key_of,
    refuse_announced,
    refuse_other_bytes,
)
from converter_service.uploads.source import UploadSource, refuse_non_media
from converter_service.uploads.store import UploadWriter
from shared.clock import Clock
from shared.errors import Conflict, IdempotencyMismatch, Unavailable
from shared.identity.principal import Principal
from shared.logs import correlation_id


class UploadLimits(Struct, frozen=True):
    """`max_bytes` of one video; `silence` is how long after its last heartbeat an upload counts as dead."""

    max_bytes: int
    silence: timedelta


class UploadService:
    """Honours idempotency keys and the quota."""

    def __init__(
        self,
        store: ConversionStore,
        blobs: Blobs,
        cleanup: Cleanup,
        events: EventFactory,
        *,
        limits: UploadLimits,
        clock: Clock,
        quota: Quota,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._idempotency_keys = IdempotencyKeys(store, clock)
        self._quota = quota
        self._writer = UploadWriter(store, blobs, events, limits.silence, clock)
        self._aborted = AbortedUploads(store, cleanup, clock)
        self._admission = Admission(self._idempotency_keys, quota, self._aborted)

    async def accept(self, owner: Principal, source: UploadSource, key: str | None = None) -> Conversion:
        """Stores the video and queues its conversion; an upload that fails leaves nothing behind.
        With the `key` of an earlier upload nothing is stored, and the earlier conversion is returned.

        Raises InvalidRequest for invalid options, EmptyUpload, TooLarge, UnsupportedMediaType; RateLimited,
        TooLarge and Overloaded by the quota; Conflict when the conversion is deleted or cancelled meanwhile;
        with a key UploadInProgress, and IdempotencyMismatch for another video or other options.

        Raises Unavailable when the store is away; the sweeper then removes what was stored. When it went away
        during the last save, the conversion may be queued all the same.
        """
        if not await self._idempotency_keys.knows(owner.user_id, key):
            await self._quota.check_upload(owner.user_id, source.announced_size)
        source.body.limit(self._limits.max_bytes)
        parse_options(await source.fields())
        await refuse_non_media(source.body)
        conversion = self._new(owner, source, key)
        earlier = await self._admission.admit(conversion)
        if earlier is not None:
            refuse_announced(earlier, conversion.source.filename, source)
            return await self._replay(earlier, source)
        try:
            source.body.meter = self._quota.meter(conversion)
            return await self._writer.write(conversion, source)
        except LeaseLost:
            await self._aborted.discard(conversion)
            raise Conflict("The conversion was deleted or cancelled during its upload.") from None
        except Unavailable:
            raise  # discarding would wait for the same store
        except BaseException:
            await self._aborted.discard(conversion)
            raise

    async def _replay(self, earlier: Conversion, source: UploadSource) -> Conversion:
        """Compares the upload with the earlier one; the body is read unless its digest was declared."""
        if source.announced_sha256 is None:
            await refuse_other_bytes(earlier, source.body)
        if parse_options(await source.fields()).stored() != earlier.options:
            raise IdempotencyMismatch
        return earlier

    def _new(self, owner: Principal, source: UploadSource, key: str | None) -> Conversion:
        now = self._clock()
        return Conversion(
            id=new_id(),
            owner_id=owner.user_id,
            recipient=owner.email,
            recipient_verified=owner.email_verified,
            status=State.UPLOADING,
            source=Source(filename=safe_name(source.filename)),
            source_blob=new_id(),
            created_at=now,
            due_at=now + self._limits.silence,
            options={},
            correlation_id=correlation_id.get(),
            idempotency_key=key_of(owner.user_id, key) if key else None,
            reserved_bytes=source.announced_size or 0,
        )
