"""What one may do with conversions: send a video, look, listen, delete. One's own only."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Never, Protocol

from msgspec import Struct

from converter_service.admission import Admission, Unbounded
from converter_service.announcing import Announcing
from converter_service.beating import while_beating
from converter_service.changes import change
from converter_service.cleaning import Behind, Cleaning
from converter_service.clock import Clock, new_id
from converter_service.conversion import Conversion, LeaseLost, State
from converter_service.errors import EmptyUpload, NotReady
from converter_service.filenames import safe_name
from converter_service.moves.removal import deleted
from converter_service.moves.table import IllegalMove
from converter_service.moves.upload import new_upload, still_uploading, uploaded
from converter_service.options import BadOptions, Options, parse
from converter_service.ports import BlobMissing, Blobs, ConversionStore, Stored
from converter_service.repeats import Repeats, key_of, refuse_announced, refuse_other_bytes
from converter_service.sniffing import LOOK_BYTES, not_media
from shared.errors import (
    Conflict,
    FieldError,
    Gone,
    IdempotencyMismatch,
    InvalidRequest,
    NotFound,
    ServiceError,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
)
from shared.logs import correlation_id, get_logger

WITHOUT_AUDIO: Mapping[State, str] = {
    State.UPLOADING: "The video is still being uploaded.",
    State.QUEUED: "The conversion has not begun yet.",
    State.CONVERTING: "The conversion is still under way.",
    State.FAILED: "The conversion failed, so there is no audio.",
    State.CANCELLED: "The conversion was cancelled, so there is no audio.",
}
LONGEST_UPLOAD_BEAT_S = 3.0
# How long the last save of an upload is tried again, while the store comes and goes; each try takes seconds.
SAVE_AGAIN_FOR_S = 6.0
SAVE_AGAIN_AFTER_S = 0.5


class Owner(Struct, frozen=True):
    """Whom a conversion belongs to, and where the mail about it goes: nowhere, when that is empty.

    `roles` are those of a person; an API key lends none.
    """

    id: str
    email: str
    roles: frozenset[str] = frozenset()


class Incoming(Protocol):
    """A video on its way in."""

    @property
    def filename(self) -> str | None: ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The video's bytes, once. Raises when the body breaks off or makes no sense."""

    @property
    def announced_size(self) -> int | None:
        """How many bytes the video has, where the sender said so and no form is around it."""

    @property
    def announced_sha256(self) -> str | None:
        """In hex, where the sender said so."""

    async def fields(self) -> Mapping[str, str]:
        """The options as sent. Before `chunks` is exhausted those known so far, afterwards all."""


class UploadLimits(Struct, frozen=True):
    """How many bytes a video may have, and for how long an upload may be silent before it counts as dead."""

    max_bytes: int
    silence: timedelta


class Audio(Struct, frozen=True):
    """A finished audio: its conversion, and where its bytes are."""

    conversion: Conversion
    blob_id: str
    size: int
    sha256: str
    format: str


class Conversions:
    """Every call but `public_audio` and `everybodys` takes the owner: what belongs to someone else does not
    exist.
    """

    def __init__(
        self,
        store: ConversionStore,
        blobs: Blobs,
        announcing: Announcing,
        limits: UploadLimits,
        clock: Clock,
        *,
        admission: Admission | None = None,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._announcing = announcing
        self._limits = limits
        self._clock = clock
        self._cleaning = Cleaning(store, blobs)
        self._behind = Behind()
        self._repeats = Repeats(store, clock)
        self._admission = admission or Unbounded()

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
            await self._admission.look(owner.id, incoming.announced_size)
        checked(await incoming.fields())
        body = _limited(incoming.chunks(), self._limits.max_bytes)
        head = await _head(body)
        conversion = self._new(owner, incoming, key)
        earlier = await self._enter(conversion)
        if earlier is not None:
            refuse_announced(earlier, conversion.source.filename, incoming)
            return await self._again(earlier, incoming, _chained(head, body))
        try:
            receiving = self._receive(conversion, incoming, _chained(head, body))
            return await while_beating(receiving, self._beat(conversion.id))
        except LeaseLost:
            await self._discard(conversion)
            raise Conflict("The conversion was deleted or cancelled during its upload.") from None
        except Unavailable:
            raise  # to discard it now would only wait for the store again
        except BaseException:
            await self._discard(conversion)
            raise

    async def _enter(self, conversion: Conversion) -> Conversion | None:
        """Its record is stored; or an earlier one is returned, for which there was room then."""
        async with self._admission.turn(conversion.owner_id):
            earlier = await self._repeats.add(conversion)
            if earlier is not None:
                return earlier
            try:
                await self._admission.settle(conversion)
            except ServiceError:
                await self._discard(conversion)
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
            alive_until=self._alive_until(),
            correlation_id=correlation_id.get(),
            idempotency_key=key_of(owner.id, key) if key else None,
            reserved_bytes=incoming.announced_size or 0,
        )

    async def _receive(
        self, conversion: Conversion, incoming: Incoming, body: AsyncIterator[bytes]
    ) -> Conversion:
        metered = self._admission.metered(conversion, body)
        stored = await self._blobs.write(str(conversion.source_blob), metered)
        options = checked(await incoming.fields()).stored()
        return await self._queue(conversion.id, stored, options)

    async def _queue(
        self, conversion_id: str, stored: Stored, options: Mapping[str, str | int | float]
    ) -> Conversion:
        """After a save whose answer was lost it finds its own work done."""
        until = asyncio.get_running_loop().time() + SAVE_AGAIN_FOR_S
        while asyncio.get_running_loop().time() < until:
            try:
                newest = await self._store.get(conversion_id)
                if newest is not None and newest.source.sha256 is not None and not newest.deleted_at:
                    return newest
                return await change(
                    self._store,
                    conversion_id,
                    lambda newest: uploaded(
                        newest, size=stored.size, sha256=stored.sha256, options=options, now=self._clock()
                    ),
                    self._announcing.uploaded,
                )
            except (Unavailable, IllegalMove):  # the move is illegal when the lost save lands just now
                await asyncio.sleep(SAVE_AGAIN_AFTER_S)
        raise Unavailable("Whether the video was taken in is not known: see your conversions.")

    async def _beat(self, conversion_id: str) -> Never:
        """Tells now and then that this process is at it, however slow the sender: silence means that it died.
        Raises LeaseLost once the conversion was deleted or cancelled.

        While the store is away nobody can take it for dead. Whether it is away for too long, storing the
        bytes tells. Once all has arrived the beat has nothing to say.
        """
        beat_s = min(LONGEST_UPLOAD_BEAT_S, self._limits.silence.total_seconds() / 4)
        while True:
            await asyncio.sleep(beat_s)
            with contextlib.suppress(Unavailable, IllegalMove):
                await change(
                    self._store,
                    conversion_id,
                    lambda newest: still_uploading(newest, self._alive_until()),
                )

    def _alive_until(self) -> datetime:
        return self._clock() + self._limits.silence

    async def _discard(self, conversion: Conversion) -> None:
        """The sweeper does it later when the store cannot be reached now, or takes long.

        First the record: if the last save went through before its client left, nobody may convert it.
        """
        get_logger(__name__).info("upload discarded", conversion_id=conversion.id)
        await self._behind.clean(self._forget(conversion))

    async def _forget(self, conversion: Conversion) -> None:
        """One that was cancelled stays in the list, without bytes."""
        newest = await self._store.get(conversion.id)
        if newest is not None and newest.status is State.CANCELLED and not newest.deleted_at:
            await self._cleaning.tidy(newest)
            return
        with contextlib.suppress(LeaseLost):
            await change(self._store, conversion.id, lambda newest: deleted(newest, self._clock()))
        await self._cleaning.bury_own(conversion)

    async def page(
        self, owner: Owner, status: State | None, before_id: str | None, limit: int
    ) -> Sequence[Conversion]:
        """Newest first."""
        return await self._store.page(owner.id, status, before_id, limit)

    async def everybodys(
        self, owner_id: str | None, status: State | None, before_id: str | None, limit: int
    ) -> Sequence[Conversion]:
        """For administrators: of all owners, or of one. Newest first."""
        return await self._store.page(owner_id, status, before_id, limit)

    async def get(self, owner: Owner, conversion_id: str) -> Conversion:
        found = await self._existing(conversion_id)
        if found.owner_id != owner.id:
            raise NotFound
        return found

    async def delete(self, owner: Owner, conversion_id: str) -> None:
        """In every state. A run that is under way stops when its worker next looks.

        It is gone for everybody once the record says so. Its bytes go at once or, if that takes long, soon.
        """
        await self.get(owner, conversion_id)
        now = self._clock()
        try:
            buried = await change(self._store, conversion_id, lambda newest: deleted(newest, now))
        except LeaseLost:
            raise NotFound from None
        await self._behind.clean(self._cleaning.bury(buried, now))

    async def audio(self, owner: Owner, conversion_id: str) -> Audio:
        """Raises NotReady before it is done and when it failed, Gone after it expired."""
        return _finished(await self.get(owner, conversion_id))

    async def public_audio(self, conversion_id: str) -> Audio:
        """For whoever holds a valid link."""
        return _finished(await self._existing(conversion_id))

    async def read(self, audio: Audio, first: int, end: int) -> AsyncIterator[bytes]:
        try:
            return await self._blobs.open(audio.blob_id, first, end)
        except BlobMissing:
            raise Gone("The audio has been deleted.") from None

    async def _existing(self, conversion_id: str) -> Conversion:
        """A part of an upload is no conversion."""
        found = await self._store.get(conversion_id)
        if found is None or found.deleted_at or (found.upload and found.upload.is_partial):
            raise NotFound
        return found


def checked(fields: Mapping[str, str]) -> Options:
    """Raises InvalidRequest that names each field at fault."""
    try:
        return parse(fields)
    except BadOptions as bad:
        errors = [FieldError(problem.field, problem.message) for problem in bad.problems]
        raise InvalidRequest("The options cannot be met.", errors=errors) from None


def _finished(conversion: Conversion) -> Audio:
    if conversion.status is State.EXPIRED:
        raise Gone("The audio has expired.")
    if conversion.status is not State.COMPLETED or conversion.result is None or conversion.audio_blob is None:
        raise NotReady(WITHOUT_AUDIO.get(conversion.status, ""))
    result = conversion.result
    return Audio(conversion, conversion.audio_blob, result.size, result.sha256, result.format)


async def _limited(chunks: AsyncIterator[bytes], max_bytes: int) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise TooLarge(f"A video may have at most {max_bytes} bytes.")
        yield chunk


async def _head(chunks: AsyncIterator[bytes]) -> bytes:
    """The first bytes, enough to refuse what is certainly no media."""
    head = b""
    async for chunk in chunks:
        head += chunk
        if len(head) >= LOOK_BYTES:
            break
    if not head:
        raise EmptyUpload
    if found := not_media(head[:LOOK_BYTES]):
        raise UnsupportedMediaType(f"This is {found}, not a video.")
    return head


async def _chained(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for chunk in rest:
        yield chunk
