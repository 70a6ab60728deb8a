"""Blob store, conversion store, outbox and checkpoint in memory."""

import hashlib
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from converter_service.conversions.blobs import BlobMissing, Stored, WriterFenced
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import KeyTaken, VersionConflict
from converter_service.conversions.title import search_text
from shared.messaging.envelope import Envelope
from shared.messaging.outbox import Pending

PIECE = 64 * 1024


class MemoryBlobs:
    """Implements Blobs; `contents` maps ids to complete blobs."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self._recoverable: dict[str, bytes] = {}

    async def write(self, blob_id: str, chunks: AsyncIterator[bytes]) -> Stored:
        data = b"".join([chunk async for chunk in chunks])
        self.contents[blob_id] = data
        return Stored(len(data), hashlib.sha256(data).hexdigest())

    async def open(self, blob_id: str, first: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        if blob_id not in self.contents:
            raise BlobMissing(blob_id)
        return self._pieces(blob_id, first, end)

    async def _pieces(self, blob_id: str, first: int, end: int | None) -> AsyncIterator[bytes]:
        position = first
        while blob_id in self.contents:
            data = self.contents[blob_id]
            until = len(data) if end is None else min(end, len(data))
            if position >= until:
                return
            yield data[position : min(position + PIECE, until)]
            position += PIECE
        raise BlobMissing(blob_id)

    async def ids(self, after: str, limit: int) -> Sequence[str]:
        return sorted(blob_id for blob_id in {*self.contents, *self._recoverable} if blob_id > after)[:limit]

    async def write_recoverable(self, blob_id: str, chunks: AsyncIterator[bytes]) -> Stored:
        data = b""
        async for chunk in chunks:
            data += chunk
            self._recoverable[blob_id] = data
        if blob_id in self.contents:
            raise WriterFenced(blob_id)
        self._recoverable.pop(blob_id, None)
        self.contents[blob_id] = data
        return Stored(len(data), hashlib.sha256(data).hexdigest())

    async def recover(self, blob_id: str) -> int:
        if blob_id not in self.contents and self._recoverable.get(blob_id):
            self.contents[blob_id] = self._recoverable.pop(blob_id)
        return len(self.contents.get(blob_id, b""))

    async def delete(self, blob_id: str) -> None:
        self.contents.pop(blob_id, None)
        self._recoverable.pop(blob_id, None)


class Waiting(Struct):
    """An unpublished event; a relay has claimed it until `held_until`."""

    envelope: Envelope
    conversion_id: str
    held_until: datetime | None = None


class MemoryConversions:
    """Implements ConversionStore, with an outbox."""

    def __init__(self) -> None:
        self.contents: dict[str, Conversion] = {}
        self.outbox: list[Waiting] = []

    async def add(self, conversion: Conversion) -> None:
        key = conversion.idempotency_key
        if key is not None and await self.by_idempotency_key(key) is not None:
            raise KeyTaken(conversion.id)
        self.contents[conversion.id] = conversion

    async def by_idempotency_key(self, idempotency_key: str) -> Conversion | None:
        holders = (each for each in self.contents.values() if each.idempotency_key == idempotency_key)
        return next(holders, None)

    async def get(self, conversion_id: str) -> Conversion | None:
        return self.contents.get(conversion_id)

    async def save(self, conversion: Conversion, *events: Envelope) -> Conversion:
        newest = self.contents.get(conversion.id)
        if newest is None or newest.version != conversion.version:
            raise VersionConflict(conversion.id)
        saved = replace(conversion, version=conversion.version + 1)
        self.contents[conversion.id] = saved
        self.outbox.extend(Waiting(event, conversion.id) for event in events)
        return saved

    async def remove(self, conversion_id: str) -> None:
        self.contents.pop(conversion_id, None)
        self.outbox = [waiting for waiting in self.outbox if waiting.conversion_id != conversion_id]

    async def end_links(self, owner_id: str, reset_at: datetime) -> int:
        owned = [each for each in self.contents.values() if each.owner_id == owner_id]
        completed = [each for each in owned if each.status is State.COMPLETED]
        ended = [each for each in completed if not each.links_reset_at or each.links_reset_at < reset_at]
        for each in ended:
            await self.save(replace(each, links_ended=each.links_ended + 1, links_reset_at=reset_at))
        return len(ended)

    async def page(
        self,
        owner_id: str | None,
        status: State | None,
        before_id: str | None,
        limit: int,
        name: str | None = None,
    ) -> Sequence[Conversion]:
        fitting = (
            conversion
            for conversion in self.contents.values()
            if owner_id in {None, conversion.owner_id}
            and conversion.deleted_at is None
            and not (conversion.upload and conversion.upload.is_partial)
            and (status is None or conversion.status is status)
            and (before_id is None or conversion.id < before_id)
            and (name is None or _is_named(conversion, name))
        )
        newest = sorted(fitting, key=lambda each: each.id, reverse=True)[:limit]
        return [_in_a_list(each) for each in newest]

    async def partial_uploads(self, owner_id: str, limit: int) -> Sequence[Conversion]:
        own = (each for each in self.contents.values() if each.owner_id == owner_id and not each.deleted_at)
        return [each for each in own if each.upload and each.upload.is_partial][:limit]

    async def by_result_cache_key(self, owner_id: str, cache_key: str) -> Conversion | None:
        fitting = (
            each
            for each in self.contents.values()
            if (each.owner_id, each.result_cache_key) == (owner_id, cache_key)
            and each.status is State.COMPLETED
            and each.deleted_at is None
        )
        return max(fitting, key=lambda each: each.id, default=None)

    async def referenced_blobs(self, blob_ids: Sequence[str]) -> Collection[str]:
        every = {blob for conversion in self.contents.values() for blob in conversion.referenced_blobs}
        return every & set(blob_ids)

    async def video_user(self, blob_id: str, other_than: str) -> Conversion | None:
        fitting = (
            each
            for each in self.contents.values()
            if blob_id in each.referenced_blobs
            and each.id != other_than
            and each.deleted_at is None
            and each.status is not State.EXPIRED
            and not (each.upload and each.upload.is_partial)
        )
        return min(fitting, key=lambda each: each.id, default=None)

    async def due(self, now: datetime, limit: int) -> Sequence[Conversion]:
        fitting = [each for each in self.contents.values() if each.due_at and each.due_at <= now]
        return sorted(fitting, key=lambda each: (each.due_at, each.id))[:limit]


def _is_named(conversion: Conversion, name: str) -> bool:
    return name.casefold() in search_text(conversion.title, conversion.source.filename).casefold()


def _in_a_list(conversion: Conversion) -> Conversion:
    upload = replace(conversion.upload, segments=()) if conversion.upload else None
    return replace(conversion, upload=upload)


class MemoryOutbox:
    """The outbox of MemoryConversions."""

    def __init__(self, conversions: MemoryConversions, clock: Callable[[], datetime]) -> None:
        self._conversions = conversions
        self._clock = clock

    async def claim(self, limit: int, lease_s: float) -> Sequence[Pending]:
        now = self._clock()
        free = [
            each for each in self._conversions.outbox if each.held_until is None or each.held_until <= now
        ]
        for each in free[:limit]:
            each.held_until = now + timedelta(seconds=lease_s)
        return [Pending(envelope=each.envelope, place=each.conversion_id) for each in free[:limit]]

    async def clear(self, pending: Sequence[Pending]) -> None:
        done = {each.envelope.id for each in pending}
        self._conversions.outbox = [each for each in self._conversions.outbox if each.envelope.id not in done]


class MemoryCheckpoint:
    """Implements Checkpoint for one scan."""

    def __init__(self) -> None:
        self._place = ""
        self._not_before: datetime | None = None

    async def claim(self, now: datetime, not_before: datetime) -> str | None:
        if self._not_before is not None and self._not_before > now:
            return None
        self._not_before = not_before
        return self._place

    async def advance(self, place: str, not_before: datetime) -> None:
        self._place, self._not_before = place, not_before
