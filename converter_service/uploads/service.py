"""A video is taken in with one request: first whether it may be, then its bytes; or it comes to nothing."""

from collections.abc import AsyncIterator
from datetime import timedelta

from msgspec import Struct

from converter_service.conversions.events import EventFactory
from converter_service.conversions.identifiers import new_id
from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion
from converter_service.conversions.owner import Owner
from converter_service.conversions.ports import Blobs, ConversionStore
from converter_service.conversions.quota import NoQuota, Quota
from converter_service.conversions.transitions.upload import new_upload
from converter_service.uploads.abort import Discarding
from converter_service.uploads.filenames import safe_name
from converter_service.uploads.idempotency import Repeats, key_of, refuse_announced, refuse_other_bytes
from converter_service.uploads.source import Incoming, chained, checked, head, limited
from converter_service.uploads.store import Storing
from shared.clock import Clock
from shared.errors import Conflict, IdempotencyMismatch, ServiceError, Unavailable
from shared.logs import correlation_id


class UploadLimits(Struct, frozen=True):
    """How many bytes a video may have, and for how long an upload may be silent before it counts as dead."""

    max_bytes: int
    silence: timedelta


class Accepting:
    """What is sent again with its key is recognised; what there is no room for is refused."""

    def __init__(
        self,
        store: ConversionStore,
        blobs: Blobs,
        events: EventFactory,
        limits: UploadLimits,
        clock: Clock,
        *,
        quota: Quota | None = None,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._repeats = Repeats(store, clock)
        self._quota = quota or NoQuota()
        self._storing = Storing(store, blobs, events, limits.silence, clock)
        self._discarding = Discarding(store, blobs, clock)

    async def accept(self, owner: Owner, incoming: Incoming, key: str | None = None) -> Conversion:
        """Stores the video and queues its conversion; what goes wrong before that leaves nothing behind.
        With the `key` of an earlier upload nothing is stored, and its answer is given again.

        Raises InvalidRequest for options that cannot be met, EmptyUpload, TooLarge, UnsupportedMediaType, and
        Unavailable. After that the sweeper removes what was stored; but when the store went away during the
        last save of all, the video may have been taken in all the same, and then it is converted. With a key
        also StillUploading, and IdempotencyMismatch for another video or other options. RateLimited, TooLarge
        and Overloaded when there is no room for it.
        """
        if not await self._repeats.knows(owner.id, key):
            await self._quota.check_upload(owner.id, incoming.announced_size)
        checked(await incoming.fields())
        body = limited(incoming.chunks(), self._limits.max_bytes)
        first = await head(body)
        conversion = self._new(owner, incoming, key)
        earlier = await self._enter(conversion)
        if earlier is not None:
            refuse_announced(earlier, conversion.source.filename, incoming)
            return await self._again(earlier, incoming, chained(first, body))
        try:
            metered = self._quota.metered(conversion, chained(first, body))
            return await self._storing.store(conversion, incoming, metered)
        except LeaseLost:
            await self._discarding.discard(conversion)
            raise Conflict("The conversion was deleted or cancelled during its upload.") from None
        except Unavailable:
            raise  # to discard it now would only wait for the store again
        except BaseException:
            await self._discarding.discard(conversion)
            raise

    async def _enter(self, conversion: Conversion) -> Conversion | None:
        """Its record is stored; or an earlier one is returned, for which there was room then."""
        async with self._quota.account_lock(conversion.owner_id):
            earlier = await self._repeats.add(conversion)
            if earlier is not None:
                return earlier
            try:
                await self._quota.check_stored(conversion)
            except ServiceError:
                await self._discarding.discard(conversion)
                raise
        return None

    async def _again(self, earlier: Conversion, incoming: Incoming, body: AsyncIterator[bytes]) -> Conversion:
        """An announced digest spares reading it; otherwise only the bytes tell whether they are the same."""
        if incoming.announced_sha256 is None:
            await refuse_other_bytes(earlier, body)
        if checked(await incoming.fields()).stored() != earlier.options:
            raise IdempotencyMismatch
        return earlier

    def _new(self, owner: Owner, incoming: Incoming, key: str | None) -> Conversion:
        return new_upload(
            new_id(),
            new_id(),
            owner_id=owner.id,
            recipient=owner.email,
            filename=safe_name(incoming.filename),
            now=self._clock(),
            alive_until=self._clock() + self._limits.silence,
            correlation_id=correlation_id.get(),
            idempotency_key=key_of(owner.id, key) if key else None,
            reserved_bytes=incoming.announced_size or 0,
        )
