"""Workers that fail, crash or compete: each conversion has one outcome, one audio and one event."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from converter_service.conversions.model import Conversion, State
from converter_service.conversions.service import Conversions
from converter_service.conversions.transitions.finish import cancelled
from converter_service.conversions.transitions.queue import retried
from converter_service.conversions.transitions.removal import deleted
from converter_service.media.errors import Fault, MachineUnfit, MediaError, TranscoderUnavailable
from shared.clock import utc_now
from shared.contracts.events import ConversionCancelled, ConversionCompleted, ConversionFailed, VideoUploaded
from shared.errors import Unavailable
from shared.identity.principal import Principal
from shared.messaging.errors import Retry
from tests.support.wait import PATIENCE_S, until
from tests.support.worker_harness import INFO, VIDEO, ScriptedTranscoder, WorkerHarness

LONG = timedelta(seconds=60)


async def run_until_cancelled(_: Path) -> None:
    await asyncio.Event().wait()


async def broken(_: Path) -> None:
    raise TranscoderUnavailable("no room")


async def refused(_: Path) -> None:
    raise MediaError(Fault.NO_AUDIO_TRACK, "The video has no audio track.")


async def buggy(_: Path) -> None:
    raise ZeroDivisionError


async def test_a_queued_conversion_becomes_audio_and_is_announced_once(harness: WorkerHarness) -> None:
    conversion, transcoder = await harness.queued(), ScriptedTranscoder()
    await harness.worker(transcoder).run(conversion.id)
    done = await harness.now(conversion)
    assert (done.status, done.progress, done.attempts, done.lease) == (State.COMPLETED, 1.0, 1, None)
    assert await harness.audio(conversion) == transcoder.audio_of(VIDEO)
    assert done.result
    assert done.result.size == len(transcoder.audio_of(VIDEO))
    assert (done.source.duration, done.source.container, done.source.audio_codec) == (2.0, "mp4", "aac")
    assert done.source.audio_tracks
    assert [(track.index, track.codec, track.kind) for track in done.source.audio_tracks] == [
        (0, "aac", "main")
    ]
    [event] = await harness.announced()
    assert isinstance(event, ConversionCompleted)
    assert (event.recipient, event.filename, event.format) == ("alice@example.org", "talk.mp4", "mp3")
    assert await harness.blobs_stored() == {done.source_blob, done.audio_blob}
    assert harness.scratch_files() == []


async def test_the_same_message_again_changes_nothing(harness: WorkerHarness) -> None:
    conversion, transcoder = await harness.queued(), ScriptedTranscoder()
    worker = harness.worker(transcoder)
    await worker.run(conversion.id)
    before = await harness.now(conversion)
    await worker.run(conversion.id)
    assert await harness.now(conversion) == before
    assert transcoder.runs == 1
    assert len(await harness.announced()) == 1


async def test_a_message_for_a_deleted_conversion_has_no_effect(harness: WorkerHarness) -> None:
    conversion, transcoder = await harness.queued(), ScriptedTranscoder()
    await harness.store.save(deleted(conversion, utc_now()))
    await harness.worker(transcoder).run(conversion.id)
    await harness.worker(transcoder).run("nothing")
    assert transcoder.runs == 0


async def test_bad_media_fails_at_once_with_its_reason(harness: WorkerHarness) -> None:
    mute = replace(INFO, audio_tracks=())
    conversion, transcoder = await harness.queued(), ScriptedTranscoder(during=refused, info=mute)
    await harness.worker(transcoder).run(conversion.id)
    failed = await harness.now(conversion)
    assert (failed.source.duration, failed.source.container, failed.source.audio_codec) == (2.0, "mp4", None)
    assert failed.source.audio_tracks == ()
    assert failed.status is State.FAILED
    assert failed.error
    assert failed.error.code == "no_audio_track"
    [event] = await harness.announced()
    assert isinstance(event, ConversionFailed)
    assert event.message == "The video has no audio track."
    assert transcoder.runs == 1
    assert await harness.blobs_stored() == {conversion.source_blob}


async def test_options_that_are_no_longer_offered_fail_the_conversion_at_once(harness: WorkerHarness) -> None:
    conversion, transcoder = await harness.queued(), ScriptedTranscoder()
    stored = {"format": "mp3", "bitrate": "192k", "sample_rate": 22_050}
    await harness.store.save(replace(conversion, options=stored))
    await harness.worker(transcoder).run(conversion.id)
    failed = await harness.now(conversion)
    assert failed.error
    assert (failed.status, failed.error.code, failed.attempts) == (State.FAILED, "bad_options", 1)
    assert transcoder.runs == 0
    [event] = await harness.announced()
    assert isinstance(event, ConversionFailed)


@pytest.mark.parametrize("fault", [broken, buggy])
async def test_a_machine_error_is_retried_and_fails_after_the_last_attempt(
    harness: WorkerHarness, fault: type
) -> None:
    conversion, transcoder = await harness.queued(), ScriptedTranscoder(during=fault)
    worker = harness.worker(transcoder, max_retries=2)
    for attempt in (1, 2):
        with pytest.raises(Retry) as again:
            await worker.run(conversion.id)
        assert again.value.delay_s > 0
        waiting = await harness.now(conversion)
        assert (waiting.status, waiting.attempts) == (State.QUEUED, attempt)
        await harness.end_retry_delay(conversion)
    await worker.run(conversion.id)
    failed = await harness.now(conversion)
    assert failed.error
    assert (failed.status, failed.error.code, transcoder.runs) == (State.FAILED, "internal_error", 3)
    [event] = await harness.announced()
    assert isinstance(event, ConversionFailed)


async def unfit(_: Path) -> None:
    raise MachineUnfit("no ffmpeg")


async def gone(_: Path) -> None:
    raise Unavailable("The store is full.")


@pytest.mark.parametrize("fault", ["no room", unfit, gone])
async def test_an_unfit_machine_costs_no_attempts_and_fails_the_video_after_hours(
    harness: WorkerHarness, fault: str | Callable[[Path], Awaitable[None]]
) -> None:
    conversion, transcoder = await harness.queued(), ScriptedTranscoder()
    if isinstance(fault, str):
        harness.scratch.space.spare_bytes = 10**18
    else:
        transcoder.during = fault
    worker = harness.worker(transcoder, max_retries=1)
    for _ in range(5):
        with pytest.raises(Retry) as again:
            await worker.run(conversion.id)
        assert again.value.delay_s > 10
        assert (await harness.now(conversion)).attempts == 0
        await harness.end_retry_delay(conversion)
    await started_long_ago(harness, conversion)
    with pytest.raises(Retry):
        await worker.run(conversion.id)
    await harness.end_retry_delay(conversion)
    await worker.run(conversion.id)
    assert (await harness.now(conversion)).status is State.FAILED


async def test_a_full_disk_costs_no_attempts(harness: WorkerHarness) -> None:
    conversion, transcoder = await harness.queued(), ScriptedTranscoder()
    worker = harness.worker(transcoder, max_retries=0)
    harness.scratch.space.spare_bytes = 10**18
    with pytest.raises(Retry):
        await worker.run(conversion.id)
    harness.scratch.space.spare_bytes = 0
    await harness.end_retry_delay(conversion)
    await worker.run(conversion.id)
    assert (await harness.now(conversion)).status is State.COMPLETED


async def started_long_ago(harness: WorkerHarness, conversion: Conversion) -> None:
    newest = await harness.now(conversion)
    assert newest.started_at
    await harness.store.save(replace(newest, started_at=newest.started_at - timedelta(days=1)))


async def test_a_temporary_machine_error_costs_no_attempts(harness: WorkerHarness) -> None:
    conversion, transcoder = await harness.queued(), ScriptedTranscoder(during=broken)
    worker = harness.worker(transcoder)
    with pytest.raises(Retry):
        await worker.run(conversion.id)
    transcoder.during = ScriptedTranscoder().during
    await harness.end_retry_delay(conversion)
    await worker.run(conversion.id)
    done = await harness.now(conversion)
    assert done.status is State.COMPLETED
    assert await harness.blobs_stored() == {done.source_blob, done.audio_blob}


async def test_while_a_worker_holds_the_lease_others_postpone_the_message(harness: WorkerHarness) -> None:
    conversion, transcoder = await harness.queued(), ScriptedTranscoder(during=run_until_cancelled)
    running = asyncio.create_task(harness.worker(transcoder, lease=LONG).run(conversion.id))
    await transcoder.began.wait()
    other = ScriptedTranscoder()
    with pytest.raises(Retry) as later:
        await harness.worker(other).run(conversion.id)
    assert 0 < later.value.delay_s <= LONG.total_seconds() + 1
    assert not later.value.counts
    assert other.runs == 0
    await stopped(running)


async def test_of_concurrent_claims_one_wins(harness: WorkerHarness) -> None:
    conversion, transcoder = await harness.queued(), ScriptedTranscoder()
    workers = [harness.worker(transcoder, name=f"worker-{number}") for number in range(5)]
    outcomes = await asyncio.gather(*(each.run(conversion.id) for each in workers), return_exceptions=True)
    assert all(outcome is None or isinstance(outcome, Retry) for outcome in outcomes)
    assert transcoder.runs == 1
    assert len(await harness.announced()) == 1


async def test_a_long_run_keeps_its_lease(harness: WorkerHarness) -> None:
    conversion, transcoder = await harness.queued(), ScriptedTranscoder(during=run_until_cancelled)
    running = asyncio.create_task(harness.worker(transcoder).run(conversion.id))
    await transcoder.began.wait()
    first = (await harness.now(conversion)).lease

    async def renewed_twice() -> bool:
        newest = (await harness.now(conversion)).lease
        assert first
        assert newest
        return newest.until > first.until + timedelta(seconds=1)

    await until(renewed_twice, what="the lease is renewed past its first end")
    assert (await harness.now(conversion)).progress == 0.5
    await harness.sweeper.sweep()
    assert (await harness.now(conversion)).status is State.CONVERTING
    await stopped(running)


async def test_a_stopping_worker_releases_its_run_at_once_without_an_attempt(
    harness: WorkerHarness,
) -> None:
    conversion, transcoder = await harness.queued(), ScriptedTranscoder(during=run_until_cancelled)
    running = asyncio.create_task(harness.worker(transcoder, lease=LONG).run(conversion.id))
    await transcoder.began.wait()
    await stopped(running)
    waiting = await harness.now(conversion)
    assert (waiting.status, waiting.attempts, waiting.lease) == (State.QUEUED, 0, None)
    assert transcoder.cancelled == 1
    assert harness.scratch_files() == []
    await harness.worker(ScriptedTranscoder()).run(conversion.id)
    assert (await harness.now(conversion)).status is State.COMPLETED


async def test_the_run_of_a_crashed_worker_is_queued_and_published_again(harness: WorkerHarness) -> None:
    conversion, transcoder = await harness.queued(), ScriptedTranscoder(during=run_until_cancelled)
    await died(harness, conversion, transcoder)
    await harness.sweeper.sweep()
    assert (await harness.now(conversion)).status is State.QUEUED
    assert await harness.announced() == [VideoUploaded(conversion_id=conversion.id)]
    await harness.worker(ScriptedTranscoder()).run(conversion.id)
    done = await harness.now(conversion)
    assert (done.status, done.attempts) == (State.COMPLETED, 2)
    assert await harness.blobs_stored() == {done.source_blob, done.audio_blob}


async def test_the_run_of_a_crashed_worker_can_be_claimed_without_the_sweeper(harness: WorkerHarness) -> None:
    conversion = await harness.queued()
    await died(harness, conversion, ScriptedTranscoder(during=run_until_cancelled))
    await harness.worker(ScriptedTranscoder()).run(conversion.id)
    assert (await harness.now(conversion)).status is State.COMPLETED


async def test_a_conversion_that_crashes_every_worker_fails(harness: WorkerHarness) -> None:
    conversion, transcoder = await harness.queued(), ScriptedTranscoder(during=run_until_cancelled)
    for _ in range(3):
        transcoder.began.clear()
        await died(harness, conversion, transcoder, max_retries=2)
    await harness.worker(transcoder, max_retries=2).run(conversion.id)
    failed = await harness.now(conversion)
    assert failed.error
    assert (failed.status, failed.error.code, transcoder.runs) == (State.FAILED, "internal_error", 3)
    [event] = await harness.announced()
    assert isinstance(event, ConversionFailed)
    assert await harness.blobs_stored() == {conversion.source_blob}


async def test_a_resumed_stale_worker_does_not_overwrite_the_result(harness: WorkerHarness) -> None:
    """The process is paused for longer than its lease; another worker finishes; then it resumes."""
    conversion, woken = await harness.queued(), asyncio.Event()

    async def sleeping(_: Path) -> None:
        await woken.wait()

    zombie = ScriptedTranscoder("zombie", sleeping)
    # No heartbeat within the test, as when the whole process is paused.
    running = asyncio.create_task(harness.worker(zombie, lease=timedelta(hours=1)).run(conversion.id))
    await zombie.began.wait()
    await harness.expire_lease(conversion)
    successor = ScriptedTranscoder("successor")
    await harness.worker(successor, name="successor").run(conversion.id)
    woken.set()
    await running
    done = await harness.now(conversion)
    assert await harness.audio(conversion) == successor.audio_of(VIDEO)
    assert await harness.blobs_stored() == {done.source_blob, done.audio_blob}
    assert len(await harness.announced()) == 1


async def test_a_stale_worker_resumed_during_another_run_has_no_effect(
    harness: WorkerHarness,
) -> None:
    conversion, woken = await harness.queued(), asyncio.Event()

    async def sleeping(_: Path) -> None:
        await woken.wait()

    zombie = ScriptedTranscoder("zombie", sleeping)
    first = asyncio.create_task(harness.worker(zombie, lease=timedelta(hours=1)).run(conversion.id))
    await zombie.began.wait()
    await harness.expire_lease(conversion)
    successor = ScriptedTranscoder("successor", run_until_cancelled)
    second = asyncio.create_task(harness.worker(successor, lease=LONG).run(conversion.id))
    await successor.began.wait()
    woken.set()
    await first
    held = await harness.now(conversion)
    assert (held.status, held.attempts) == (State.CONVERTING, 2)
    assert await harness.blobs_stored() == {held.source_blob}
    assert await harness.announced() == []
    await stopped(second)


async def test_a_crash_between_storing_and_finishing_leaves_one_audio_in_the_end(
    harness: WorkerHarness,
) -> None:
    conversion = await harness.queued()
    await died(harness, conversion, ScriptedTranscoder(during=run_until_cancelled))
    [dead_blob, _] = (await harness.now(conversion)).temporary_blobs

    async def content() -> AsyncIterator[bytes]:
        yield b"stored by the dead"

    await harness.blobs.write(dead_blob, content())
    await harness.worker(ScriptedTranscoder()).run(conversion.id)
    done = await harness.now(conversion)
    assert await harness.blobs_stored() == {done.source_blob, done.audio_blob}
    assert done.audio_blob != dead_blob
    assert done.temporary_blobs == ()


async def test_deletion_stops_the_run_and_removes_everything(harness: WorkerHarness) -> None:
    conversion, transcoder = await harness.queued(), ScriptedTranscoder(during=run_until_cancelled)
    running = asyncio.create_task(harness.worker(transcoder).run(conversion.id))
    await transcoder.began.wait()
    await deleted_now(harness, conversion)
    await asyncio.wait_for(running, PATIENCE_S)
    assert transcoder.cancelled == 1
    assert await harness.store.get(conversion.id) is None
    assert await harness.blobs_stored() == set()
    assert await harness.announced() == []


async def test_a_missing_source_fails_the_conversion(harness: WorkerHarness) -> None:
    conversion = await harness.queued()
    await harness.blobs.delete(str(conversion.source_blob))
    worker = harness.worker(ScriptedTranscoder(), max_retries=0)
    await worker.run(conversion.id)
    assert (await harness.now(conversion)).status is State.FAILED


async def test_an_abandoned_upload_is_removed_with_its_chunks(harness: WorkerHarness) -> None:
    conversion = await harness.queued()
    newest = await harness.now(conversion)
    await harness.store.save(replace(newest, status=State.UPLOADING, due_at=utc_now()))
    await harness.sweeper.sweep()
    assert await harness.store.get(conversion.id) is None
    assert await harness.blobs_stored() == set()


async def test_after_retention_the_bytes_are_deleted_and_the_record_stays(harness: WorkerHarness) -> None:
    conversion = await harness.queued()
    await harness.worker(ScriptedTranscoder()).run(conversion.id)
    done = await harness.now(conversion)
    past = utc_now() - timedelta(seconds=1)
    await harness.store.save(replace(done, expires_at=past, due_at=past))
    await asyncio.gather(*(harness.sweeper.sweep() for _ in range(3)))
    await harness.sweeper.sweep()
    assert (await harness.now(conversion)).status is State.EXPIRED
    assert await harness.blobs_stored() == set()
    assert await harness.sweeper.sweep() == 0


async def test_an_interrupted_deletion_is_completed(harness: WorkerHarness) -> None:
    conversion = await harness.queued()
    await harness.store.save(deleted(conversion, utc_now()))
    await harness.sweeper.sweep()
    assert await harness.store.get(conversion.id) is None
    assert await harness.blobs_stored() == set()


async def test_a_conversion_queued_for_very_long_is_published_again(harness: WorkerHarness) -> None:
    conversion = await harness.queued()
    await harness.store.save(replace(conversion, due_at=utc_now()))
    await harness.sweeper.sweep()
    assert await harness.announced() == [VideoUploaded(conversion_id=conversion.id)]
    assert await harness.sweeper.sweep() == 0


async def deleted_now(harness: WorkerHarness, conversion: Conversion) -> None:
    """Deletes the conversion as the api does."""
    conversions = Conversions(harness.store, harness.blobs, harness.cleanup, utc_now)
    await conversions.delete(
        Principal(user_id="alice", email="alice@example.org", roles=frozenset()), conversion.id
    )


async def died(
    harness: WorkerHarness, conversion: Conversion, transcoder: ScriptedTranscoder, max_retries: int = 3
) -> None:
    """Claims the conversion with a worker whose task ends without another write."""
    worker = harness.worker(transcoder, max_retries=max_retries, lease=timedelta(hours=1))
    running = asyncio.create_task(worker.run(conversion.id))
    await transcoder.began.wait()
    held = await harness.now(conversion)
    await stopped(running)
    given_back = await harness.now(conversion)
    past = utc_now() - timedelta(seconds=1)
    assert held.lease
    await harness.store.save(
        replace(held, version=given_back.version, lease=replace(held.lease, until=past), due_at=past)
    )


async def stopped(running: "asyncio.Task[None]") -> None:
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_cancelled_run_leaves_only_the_video(harness: WorkerHarness) -> None:
    conversion, transcoder = await harness.queued(), ScriptedTranscoder(during=run_until_cancelled)
    worker = harness.worker(transcoder, lease=LONG)
    running = asyncio.create_task(worker.run(conversion.id))
    await transcoder.began.wait()
    over = cancelled(await harness.now(conversion), now=utc_now(), retention=LONG)
    await harness.store.save(over, *harness.events.cancelled(over))
    worker.heartbeat.check_now(conversion.id)
    await running
    now = await harness.now(conversion)
    assert (transcoder.cancelled, now.status, now.temporary_blobs) == (1, State.CANCELLED, ())
    assert await harness.blobs_stored() == {conversion.source_blob}
    assert harness.scratch_files() == []
    [event] = await harness.announced()
    assert isinstance(event, ConversionCancelled)


async def test_a_retry_after_a_cancellation_produces_the_audio(harness: WorkerHarness) -> None:
    conversion, transcoder = await harness.queued(), ScriptedTranscoder()
    over = cancelled(await harness.now(conversion), now=utc_now(), retention=LONG)
    again = await harness.store.save(retried(over, utc_now()))
    await harness.worker(transcoder).run(again.id)
    assert (await harness.now(conversion)).status is State.COMPLETED
    assert await harness.audio(conversion) == transcoder.audio_of(VIDEO)
