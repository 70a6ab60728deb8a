"""A video is deleted while a new conversion of it is accepted: no record is left without its bytes."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.events import EventFactory
from converter_service.conversions.model import Conversion
from converter_service.conversions.quota import Quota, QuotaLimits
from converter_service.conversions.service import Conversions
from converter_service.conversions.transitions.removal import deleted
from converter_service.uploads.abort import AbortedUploads
from converter_service.uploads.admission import Admission
from converter_service.uploads.idempotency import IdempotencyKeys
from converter_service.uploads.stored_video import StoredVideo, StoredVideos
from shared.errors import Conflict, Gone, NotFound, RateLimited
from shared.identity.principal import Principal
from tests.support.conversions import NOON, done, queued
from tests.support.in_memory.conversions import MemoryBlobs, MemoryConversions
from tests.support.in_memory.queue import MemoryQueue

ALICE = Principal(user_id="alice", email="alice@example.com", roles=frozenset({"user"}))
VIDEO = "source-1"

Interruption = Callable[["Site", Conversion], Awaitable[None]]


class Site:
    """A store with one converted video; `meanwhile` is awaited once a new record is stored."""

    def __init__(self, meanwhile: Interruption, limits: QuotaLimits = QuotaLimits()) -> None:  # noqa: B008
        site = self

        class Interrupted(MemoryConversions):
            async def add(self, conversion: Conversion) -> None:
                await super().add(conversion)
                await meanwhile(site, conversion)

        self.store, self.blobs = Interrupted(), MemoryBlobs()
        self.first = done(1)
        self.store.contents[self.first.id] = self.first
        self.blobs.contents |= {VIDEO: b"video", "audio-1": b"audio"}
        self.cleanup = Cleanup(self.store, self.blobs)
        quota = Quota(self.store, MemoryQueue(self.store), limits)
        keys = IdempotencyKeys(self.store, clock)
        aborted = AbortedUploads(self.store, self.cleanup, clock)
        self.videos = StoredVideos(
            store=self.store,
            conversions=Conversions(self.store, self.blobs, self.cleanup, clock),
            events=EventFactory(timedelta(days=1), clock),
            quota=quota,
            keys=keys,
            aborted=aborted,
            admission=Admission(keys, quota, aborted),
            silence=timedelta(seconds=20),
            clock=clock,
        )

    async def again(self) -> Conversion:
        return await self.videos.convert(ALICE, StoredVideo(self.first.id, {"format": "flac"}), None)


def clock() -> datetime:
    return NOON


async def do_nothing(site: Site, _: Conversion) -> None:
    """Nothing happens in between."""


async def mark_deleted(site: Site, _: Conversion) -> None:
    await site.store.save(deleted(site.store.contents[site.first.id], NOON))


async def delete_whole(site: Site, _: Conversion) -> None:
    await site.cleanup.delete(site.first.id, NOON)


async def delete_new(site: Site, new: Conversion) -> None:
    await site.cleanup.delete(new.id, NOON)


async def test_a_stored_video_is_queued_with_one_event() -> None:
    site = Site(do_nothing)
    made = await site.again()
    assert site.store.contents[made.id] == made
    assert (made.source_blobs, made.held_bytes) == ((VIDEO,), 0)
    assert [waiting.envelope.type for waiting in site.store.outbox] == ["video_uploaded"]


@pytest.mark.parametrize("meanwhile", [mark_deleted, delete_whole])
async def test_a_video_that_is_deleted_meanwhile_is_not_converted_and_not_kept(
    meanwhile: Interruption,
) -> None:
    site = Site(meanwhile)
    with pytest.raises((NotFound, Gone)):
        await site.again()
    for rest in list(site.store.contents.values()):  # as the sweeper does later
        await site.cleanup.purge(rest)
    assert site.store.contents == {}
    assert site.blobs.contents == {}
    assert site.store.outbox == []


async def test_a_new_conversion_that_is_deleted_meanwhile_leaves_the_video() -> None:
    site = Site(delete_new)
    with pytest.raises(Conflict):
        await site.again()
    assert site.blobs.contents == {VIDEO: b"video", "audio-1": b"audio"}
    assert site.store.contents[site.first.id].held_bytes > 0
    assert site.store.outbox == []


async def test_a_conversion_above_the_quota_stores_nothing() -> None:
    async def another(site: Site, _: Conversion) -> None:
        site.store.contents[queued(7).id] = queued(7)

    site = Site(another, QuotaLimits(account_conversions=1))
    with pytest.raises(RateLimited):
        await site.again()
    assert set(site.store.contents) == {site.first.id, queued(7).id}
    assert VIDEO in site.blobs.contents
