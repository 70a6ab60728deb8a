"""Account deletion removes all conversions of that account and no others; the event may be repeated."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from converter_service.conversions.identifiers import new_id
from converter_service.conversions.lease import LeaseLost
from converter_service.handlers import LATE_UPLOADS, account_handlers
from converter_service.maintenance import account_deletion
from converter_service.maintenance.account_deletion import AccountDeletion
from converter_service.presets.model import PresetBook, StoredPreset
from converter_service.uploads.service import UploadLimits, UploadService
from shared.clock import utc_now
from shared.contracts.events import AccountDeleted, PasswordWasReset
from shared.errors import Conflict
from shared.identity.principal import Principal
from shared.messaging.envelope import wrap
from shared.messaging.errors import Retry
from shared.messaging.handlers import Delivery
from tests.support.conversions import uploading
from tests.support.request_body import body_of
from tests.support.wait import until
from tests.support.worker_harness import VIDEO, ScriptedTranscoder, WorkerHarness

ALICE = Principal(user_id="alice", email="alice@example.org", roles=frozenset())
GONE = AccountDeleted(user_id="alice")


def delivered(age: timedelta) -> Delivery:
    return Delivery(envelope=wrap(GONE, "/auth_service", "alice", time=utc_now() - age))


async def told(harness: WorkerHarness, age: timedelta = LATE_UPLOADS) -> None:
    """Delivers AccountDeleted to a worker, `age` after the deletion."""
    handlers = account_handlers(
        AccountDeletion(harness.store, harness.cleanup, harness.presets, utc_now), harness.store, utc_now
    )
    await handlers.handle(GONE, delivered(age))


async def test_all_conversions_of_the_account_and_no_others_are_deleted(harness: WorkerHarness) -> None:
    finished, waiting = await harness.queued(), await harness.queued()
    await harness.worker(ScriptedTranscoder()).run(finished.id)
    bobs = replace(await harness.queued(b"bob's"), owner_id="bob")
    await harness.store.save(bobs)
    for owner_id in ("alice", "bob"):
        await harness.presets.save(PresetBook(owner_id, (StoredPreset("Voice", {}),)))
    await told(harness)
    kept = [bool((await harness.presets.get(owner_id)).presets) for owner_id in ("alice", "bob")]
    assert kept == [False, True]
    for conversion in (finished, waiting):
        assert await harness.store.get(conversion.id) is None
    assert await harness.blobs_stored() == {bobs.source_blob}
    assert await harness.store.get(bobs.id) is not None


async def test_a_repeated_event_has_no_effect(harness: WorkerHarness) -> None:
    await harness.queued()
    for _ in range(3):
        await told(harness)
    assert await harness.blobs_stored() == set()


async def test_a_reset_of_the_password_ends_the_account_s_links(harness: WorkerHarness) -> None:
    finished = await harness.queued()
    await harness.worker(ScriptedTranscoder()).run(finished.id)
    handlers = account_handlers(
        AccountDeletion(harness.store, harness.cleanup, harness.presets, utc_now), harness.store, utc_now
    )
    event = PasswordWasReset(user_id="alice", reset_at=utc_now())
    for _ in range(2):  # the event may be repeated
        await handlers.handle(event, Delivery(envelope=wrap(event, "/auth_service", "alice")))
    assert [each.links_ended for each in [await harness.store.get(finished.id)] if each] == [1]


async def test_any_number_of_conversions_is_deleted(harness: WorkerHarness) -> None:
    now = utc_now()
    for _ in range(2 * account_deletion.BATCH + 1):
        waiting = replace(
            uploading(at=now), id=new_id(), source_blob=new_id(), due_at=now - timedelta(seconds=1)
        )
        await harness.store.add(waiting)
    assert (
        await AccountDeletion(harness.store, harness.cleanup, harness.presets, utc_now).delete_all("alice")
        == 2 * account_deletion.BATCH + 1
    )
    assert await harness.database["conversions"].count_documents({}) == 0


async def test_a_running_conversion_is_stopped_and_deleted(harness: WorkerHarness) -> None:
    async def for_ever(_: Path) -> None:
        await asyncio.Event().wait()

    conversion, transcoder = await harness.queued(), ScriptedTranscoder(during=for_ever)
    running = asyncio.create_task(harness.worker(transcoder).run(conversion.id))
    await transcoder.began.wait()
    await told(harness)
    assert list(await harness.store.page("alice", None, None, 10)) == [], "invisible at once"
    await running
    assert transcoder.cancelled == 1

    async def nothing_left() -> bool:
        await harness.sweeper.sweep()
        return not await harness.blobs_stored() and await harness.store.get(conversion.id) is None

    await until(nothing_left, what="the sweeper has finished")


class SlowVideo:
    """A video whose second half is sent once the test sets an event."""

    filename = "talk.mp4"
    announced_size = None
    announced_sha256 = None

    def __init__(self) -> None:
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()
        self.body = body_of(self._pieces())

    async def _pieces(self) -> AsyncIterator[bytes]:
        yield VIDEO
        self.begun.set()
        await self.go_on.wait()
        yield VIDEO

    async def fields(self) -> dict[str, str]:
        return {}


async def test_a_running_upload_is_refused_at_its_end_and_deleted(
    harness: WorkerHarness,
) -> None:
    limits = UploadLimits(max_bytes=10**9, silence=timedelta(minutes=1))
    service = UploadService(
        harness.store,
        harness.blobs,
        harness.cleanup,
        harness.events,
        limits=limits,
        clock=utc_now,
        quota=harness.quota,
    )
    incoming = SlowVideo()
    uploading = asyncio.create_task(service.accept(ALICE, incoming))
    await incoming.begun.wait()
    await told(harness)
    incoming.go_on.set()
    with pytest.raises((Conflict, LeaseLost)):
        await uploading
    assert await harness.blobs_stored() == set()
    assert await harness.database["conversions"].count_documents({}) == 0


async def test_an_upload_begun_just_after_the_event_is_deleted_a_minute_later(harness: WorkerHarness) -> None:
    await harness.queued()
    with pytest.raises(Retry) as later:
        await told(harness, age=timedelta(seconds=1))
    assert not later.value.counts
    assert 59 <= later.value.delay_s <= 61
    assert await harness.blobs_stored() == set(), "what was there is gone at once"
    await harness.queued()
    await told(harness, age=timedelta(seconds=61))
    assert await harness.blobs_stored() == set()
