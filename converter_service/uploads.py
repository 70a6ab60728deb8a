"""Videos that come in several requests: what is stored stays, whoever dies; nobody writes over another."""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from converter_service.admission import Admission, Unbounded
from converter_service.announcing import Announcing
from converter_service.appending import LEASE, Appending
from converter_service.changes import change
from converter_service.cleaning import Behind, Cleaning
from converter_service.clock import Clock, new_id
from converter_service.closing import Closing
from converter_service.conversion import Conversion, LeaseLost, State
from converter_service.errors import EmptyUpload, JoinedAlready, UploadLocked, WrongOffset
from converter_service.filenames import safe_name
from converter_service.incoming import checked
from converter_service.joining import Joining
from converter_service.moves.removal import deleted
from converter_service.moves.resumable import begun, upload_of
from converter_service.owners import Owner
from converter_service.ports import Blobs, ConversionStore
from converter_service.repeats import Repeats, key_of
from converter_service.segments import Upload
from converter_service.stretch import Arriving, Stretch
from shared.errors import (
    FieldError,
    Forbidden,
    Gone,
    IdempotencyMismatch,
    InvalidRequest,
    NotFound,
    ServiceError,
    TooLarge,
    Unavailable,
)
from shared.logs import correlation_id

# For joining parts; nothing is copied.
JOINING_AT_MOST = timedelta(minutes=1)
# No record grows beyond some hundred KiB, however many requests an upload takes.
MOST_SEGMENTS = 4096
SMALLEST_SEGMENT_BYTES = 1024 * 1024
# Long enough for a dead writer's lease to lapse, and shorter than the gateway waits for a first word.
PATIENCE = LEASE + timedelta(seconds=0.5)
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
        announcing: Announcing,
        limits: ResumableLimits,
        clock: Clock,
        *,
        admission: Admission | None = None,
    ) -> None:
        self._store = store
        self._limits = limits
        self._clock = clock
        small = max(SMALLEST_SEGMENT_BYTES, limits.max_bytes // MOST_SEGMENTS)
        self._closing = Closing(store, blobs, announcing, clock, ttl=limits.ttl, patience=limits.patience)
        self._appending = Appending(store, blobs, self._closing, clock, small=small, ttl=limits.ttl)
        self._joining = Joining(store, self._closing, clock)
        self._cleaning = Cleaning(store, blobs)
        self._behind = Behind()
        self._repeats = Repeats(store, clock)
        self._admission = admission or Unbounded()

    async def create(self, owner: Owner, wanted: Wanted, key: str | None = None) -> Conversion:
        """With the `key` of an earlier creation that one is returned, as far as it has come since.

        Raises InvalidRequest that names what cannot be met, EmptyUpload, TooLarge, IdempotencyMismatch, and
        for parts that are not whole, or were joined before, JoinedAlready. When there is no room for it:
        RateLimited, TooLarge, Overloaded.
        """
        if wanted.length is None:
            return await self._join(owner, wanted, key)
        new = self._new(owner, wanted, wanted.length, key)
        if not await self._repeats.knows(owner.id, key, CALL):
            await self._admission.look(owner.id, wanted.length)
        async with self._admission.turn(owner.id):
            earlier = await self._repeats.claim(new)
            if earlier:
                return _same(earlier, new)
            try:
                await self._admission.settle(new)
            except ServiceError:
                await self._terminate(new)
                raise
        return new

    async def create_with(
        self, owner: Owner, wanted: Wanted, key: str | None, arriving: Arriving
    ) -> Conversion:
        """The same, and its first bytes with it. When those are refused there is no upload either."""
        if wanted.length is None:
            raise InvalidRequest("What is joined from parts has no bytes of its own.")
        created = await self.create(owner, wanted, key)
        if upload_of(created).offset:
            return created  # by an earlier request with this key
        stretch = _stretch(created, arriving)
        try:
            return await self._appending.append(created, 0, stretch)
        except (Unavailable, UploadLocked, WrongOffset):
            raise
        except Exception:
            if stretch.broken is None or stretch.verified:
                await self._terminate(created)
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

    async def append(self, owner: Owner, upload_id: str, offset: int, arriving: Arriving) -> Conversion:
        """What arrives before the body breaks off is kept, unless a checksum covers it.

        Raises WrongOffset, UploadLocked, Forbidden for one that was joined, TooLarge, ChecksumMismatch,
        UnsupportedMediaType, Gone, Unavailable, and what the body broke off with.
        """
        found = await self._own(owner, upload_id)
        if upload_of(found).is_joined:
            raise Forbidden("An upload that was joined from parts cannot be written to.")
        found = await self._closing.settled(found)
        upload = upload_of(found)
        if upload.offset != offset:
            raise WrongOffset(upload.offset)
        if arriving.announced_size == 0:
            return found
        if upload.is_complete:
            raise TooLarge("The upload is complete.")
        return await self._appending.append(found, offset, _stretch(found, arriving))

    async def terminate(self, owner: Owner, upload_id: str) -> None:
        """In every state. The conversion that it has become goes with it."""
        found = await self._own(owner, upload_id)
        if upload_of(found).joined_into:
            raise NotFound
        await self._terminate(found)

    async def _terminate(self, conversion: Conversion) -> None:
        now = self._clock()
        with contextlib.suppress(LeaseLost):
            buried = await change(self._store, conversion.id, lambda newest: deleted(newest, now))
            await self._behind.clean(self._cleaning.bury(buried, now))

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

    def _new(self, owner: Owner, wanted: Wanted, length: int, key: str | None) -> Conversion:
        if length == 0:
            raise EmptyUpload
        if length > self._limits.max_bytes:
            raise TooLarge(f"A video may have at most {self._limits.max_bytes} bytes.")
        now = self._clock()
        upload = Upload(
            length=length,
            expires_at=now + self._limits.ttl,
            metadata=wanted.metadata,
            concat=wanted.concat,
        )
        return begun(
            new_id(),
            upload,
            owner_id=owner.id,
            recipient=owner.email,
            filename=safe_name(wanted.filename),
            options=checked(wanted.fields).stored(),
            now=now,
            correlation_id=correlation_id.get(),
            idempotency_key=key_of(owner.id, key, CALL) if key else None,
        )

    async def _join(self, owner: Owner, wanted: Wanted, key: str | None) -> Conversion:
        parts = [await self._part(owner, part_id) for part_id in wanted.parts]
        new = self._new(owner, wanted, sum(upload_of(part).length for part in parts), key)
        new = replace(new, due_at=self._clock() + JOINING_AT_MOST)
        earlier = await self._repeats.claim(new)
        if earlier:
            return _same(earlier, new)
        try:
            return await self._joining.join(
                new, parts
            )  # that there is room for it was seen to with its parts
        except JoinedAlready:
            await self._terminate(new)
            await self._joining.give_back(new.id, parts)
            raise

    async def _part(self, owner: Owner, part_id: str) -> Conversion:
        """Raises InvalidRequest for what is no part of one's own, JoinedAlready for one that is not whole."""
        try:
            found = await self._closing.settled(await self._own(owner, part_id))
        except (NotFound, Gone):
            raise _no_part(part_id) from None
        if not upload_of(found).is_partial:
            raise _no_part(part_id)
        if not upload_of(found).is_complete:
            raise JoinedAlready
        return found


def _no_part(part_id: str) -> InvalidRequest:
    return InvalidRequest(
        "A part is not there.", errors=[FieldError("Upload-Concat", f"names {part_id}, which is no part")]
    )


def _same(earlier: Conversion, new: Conversion) -> Conversion:
    """Raises IdempotencyMismatch when the key was used for another upload."""
    first, again = upload_of(earlier), upload_of(new)
    if (first.length, first.metadata, first.concat) != (again.length, again.metadata, again.concat):
        raise IdempotencyMismatch
    return earlier


def _stretch(conversion: Conversion, arriving: Arriving) -> Stretch:
    upload = upload_of(conversion)
    is_first = upload.offset == 0 and not upload.is_partial
    return Stretch(arriving, room=upload.length - upload.offset, is_first=is_first)
