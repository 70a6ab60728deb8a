"""A resumable upload begins: without a byte, or as the sum of others; once, however often it is asked for."""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from converter_service.conversions.deletion import Deleting
from converter_service.conversions.identifiers import new_id
from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion
from converter_service.conversions.owner import Owner
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.quota import NoQuota, Quota
from converter_service.conversions.segments import Upload
from converter_service.conversions.transitions.resumable import new_resumable_upload, upload_of
from converter_service.errors import EmptyUpload, PartAlreadyUsed
from converter_service.tus.concatenation import Joining
from converter_service.uploads.filenames import safe_name
from converter_service.uploads.idempotency import IdempotencyKeys, key_of
from converter_service.uploads.source import parse_options
from shared.clock import Clock
from shared.errors import IdempotencyMismatch, ServiceError, TooLarge
from shared.logs import correlation_id

# For joining parts; nothing is copied.
JOINING_AT_MOST = timedelta(minutes=1)
# What an idempotency key is for besides its owner: another call's are others.
CALL = "uploads\n"


class Wanted(Struct, frozen=True, kw_only=True):
    """An upload to be made. `metadata` and `concat` are header fields as they were sent, `fields` the options
    among them. `length` is None for one that is joined from `parts`.
    """

    length: int | None
    filename: str | None
    fields: Mapping[str, str]
    metadata: str = ""
    concat: str = ""
    parts: Sequence[str] = ()


class Beginning:
    """`max_bytes` is how many bytes a video may have, `ttl` how long an upload may rest before it expires."""

    def __init__(
        self,
        store: ConversionStore,
        deleting: Deleting,
        joining: Joining,
        clock: Clock,
        *,
        max_bytes: int,
        ttl: timedelta,
        quota: Quota | None = None,
    ) -> None:
        self._deleting = deleting
        self._joining = joining
        self._max_bytes = max_bytes
        self._ttl = ttl
        self._clock = clock
        self._idempotency_keys = IdempotencyKeys(store, clock)
        self._quota = quota or NoQuota()

    async def begin(self, owner: Owner, wanted: Wanted, length: int, key: str | None) -> Conversion:
        """With the `key` of an earlier upload that one is returned.

        Raises InvalidRequest, EmptyUpload, TooLarge and IdempotencyMismatch; when there is no room for it
        RateLimited, TooLarge and Overloaded.
        """
        new = self._new(owner, wanted, length, key)
        if not await self._idempotency_keys.knows(owner.id, key, CALL):
            await self._quota.check_upload(owner.id, length)
        async with self._quota.account_lock(owner.id):
            earlier = await self._idempotency_keys.claim(new)
            if earlier:
                return _same(earlier, new)
            try:
                await self._quota.check_stored(new)
            except ServiceError:
                await self.call_off(new)
                raise
        return new

    async def join(
        self, owner: Owner, wanted: Wanted, parts: Sequence[Conversion], key: str | None
    ) -> Conversion:
        """The same, of whole partial uploads; that there is room was seen to with those.

        Raises PartAlreadyUsed when one of them was joined before.
        """
        new = self._new(owner, wanted, sum(upload_of(part).length for part in parts), key)
        new = replace(new, due_at=self._clock() + JOINING_AT_MOST)
        earlier = await self._idempotency_keys.claim(new)
        if earlier:
            return _same(earlier, new)
        try:
            return await self._joining.join(new, parts)
        except PartAlreadyUsed:
            await self.call_off(new)
            await self._joining.give_back(new.id, parts)
            raise

    async def call_off(self, conversion: Conversion) -> None:
        """There is no upload after all; harmless when it is gone already."""
        with contextlib.suppress(LeaseLost):
            await self._deleting.delete(conversion.id)

    def _new(self, owner: Owner, wanted: Wanted, length: int, key: str | None) -> Conversion:
        if length == 0:
            raise EmptyUpload
        if length > self._max_bytes:
            raise TooLarge(f"A video may have at most {self._max_bytes} bytes.")
        now = self._clock()
        upload = Upload(
            length=length,
            expires_at=now + self._ttl,
            metadata=wanted.metadata,
            concat=wanted.concat,
        )
        return new_resumable_upload(
            new_id(),
            upload,
            owner_id=owner.id,
            recipient=owner.email,
            filename=safe_name(wanted.filename),
            options=parse_options(wanted.fields).stored(),
            now=now,
            correlation_id=correlation_id.get(),
            idempotency_key=key_of(owner.id, key, CALL) if key else None,
        )


def _same(earlier: Conversion, new: Conversion) -> Conversion:
    """Raises IdempotencyMismatch when the key was used for another upload."""
    first, again = upload_of(earlier), upload_of(new)
    if (first.length, first.metadata, first.concat) != (again.length, again.metadata, again.concat):
        raise IdempotencyMismatch
    return earlier
