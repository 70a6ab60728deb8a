"""Creation of resumable uploads: empty ones, and final ones that concatenate parts (tus 1.0.0)."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.identifiers import new_id
from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion, Source, State
from converter_service.conversions.quota import Quota
from converter_service.conversions.requested_options import parse_options
from converter_service.conversions.segments import Upload
from converter_service.conversions.transitions.resumable import upload_of
from converter_service.errors import PartAlreadyUsed
from converter_service.tus.concatenation import Concatenation
from converter_service.tus.limits import ResumableLimits
from converter_service.uploads.filenames import safe_name
from converter_service.uploads.idempotency import IdempotencyKeys, key_of
from shared.clock import Clock
from shared.errors import IdempotencyMismatch, ServiceError
from shared.identity.principal import Principal
from shared.logs import correlation_id

# Until the sweeper removes a final upload that never got its parts. No byte is copied meanwhile.
CONCATENATION_TIMEOUT = timedelta(minutes=1)
# Separates the idempotency keys of this operation from those of whole uploads.
CALL = "uploads\n"


class CreationRequest(Struct, frozen=True, kw_only=True):
    """`metadata` and `concat` are the header fields as received, `fields` the options in the metadata.
    `length` is None when it is deferred, and for a final upload, which has `parts`.
    """

    length: int | None
    filename: str | None
    fields: Mapping[str, str]
    metadata: str = ""
    concat: str = ""
    parts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class UploadCreation:
    cleanup: Cleanup
    concatenation: Concatenation
    idempotency_keys: IdempotencyKeys
    quota: Quota
    limits: ResumableLimits
    clock: Clock

    async def create(self, owner: Principal, request: CreationRequest, key: str | None) -> Conversion:
        """Returns the new upload, or the earlier one with the same `key`.

        Raises InvalidRequest, EmptyUpload, TooLarge, IdempotencyMismatch; RateLimited, TooLarge and
        Overloaded by the quota.
        """
        new = self._new(owner, request, request.length, key)
        if not await self.idempotency_keys.knows(owner.user_id, key, CALL):
            await self.quota.check_upload(owner.user_id, request.length)
        async with self.quota.account_lock(owner.user_id):
            earlier = await self.idempotency_keys.claim(new)
            if earlier:
                return _same(earlier, new)
            try:
                await self.quota.check_stored(new)
            except ServiceError:
                await self.cancel(new)
                raise
        return new

    async def concatenate(
        self, owner: Principal, request: CreationRequest, parts: Sequence[Conversion], key: str | None
    ) -> Conversion:
        """Like `create`, from complete partial uploads, which the quota counts already.

        Raises PartAlreadyUsed when one of them belongs to another final upload.
        """
        new = self._new(owner, request, sum(upload_of(part).offset for part in parts), key)
        new = replace(new, due_at=self.clock() + CONCATENATION_TIMEOUT)
        earlier = await self.idempotency_keys.claim(new)
        if earlier:
            return _same(earlier, new)
        try:
            return await self.concatenation.concatenate(new, parts)
        except PartAlreadyUsed:
            await self.cancel(new)
            await self.concatenation.release(new.id, parts)
            raise

    async def cancel(self, conversion: Conversion) -> None:
        """Deletes the upload; does nothing when it is deleted already."""
        with contextlib.suppress(LeaseLost):
            await self.cleanup.delete(conversion.id, self.clock())

    def _new(
        self, owner: Principal, request: CreationRequest, length: int | None, key: str | None
    ) -> Conversion:
        if length is not None:
            self.limits.check_length(length)
        now = self.clock()
        upload = Upload(
            length=length,
            expires_at=now + self.limits.ttl,
            metadata=request.metadata,
            concat=request.concat,
            is_deferred=length is None,
        )
        return Conversion(
            id=new_id(),
            owner_id=owner.user_id,
            recipient=owner.email,
            recipient_verified=owner.email_verified,
            status=State.UPLOADING,
            source=Source(filename=safe_name(request.filename), size=length),
            source_blob=None,
            created_at=now,
            due_at=upload.expires_at,
            options=parse_options(request.fields).stored(),
            correlation_id=correlation_id.get(),
            idempotency_key=key_of(owner.user_id, key, CALL) if key else None,
            upload=upload,
            reserved_bytes=0 if upload.is_final else length or 0,
        )


def _same(earlier: Conversion, new: Conversion) -> Conversion:
    """Raises IdempotencyMismatch when the key belongs to another upload."""
    first, again = upload_of(earlier), upload_of(new)
    are_same = (first.metadata, first.concat) == (again.metadata, again.concat) and (
        first.is_deferred if again.is_deferred else first.length == again.length and not first.is_deferred
    )
    if not are_same:
        raise IdempotencyMismatch
    return earlier
