"""Fair queue: accounts take turns, and no message starts a conversion before its retry time."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from converter_service.conversions.identifiers import new_id
from converter_service.conversions.model import Conversion, State
from converter_service.jobs import claim
from converter_service.media.errors import TranscoderUnavailable
from shared.clock import utc_now
from shared.messaging.errors import Retry
from tests.support.worker_harness import ScriptedTranscoder, WorkerHarness


async def finished(harness: WorkerHarness, *conversions: Conversion) -> list[str]:
    """The owners of the finished conversions, in the order of their starts."""
    newest = [await harness.now(each) for each in conversions]
    ended = sorted((each.started_at, each.owner_id) for each in newest if each.started_at)
    return [owner for _, owner in ended]


async def test_accounts_take_turns_however_many_videos_one_of_them_sent_first(harness: WorkerHarness) -> None:
    many = [await harness.queued(owner_id="alice") for _ in range(6)]
    few = [await harness.queued(owner_id="bob"), await harness.queued(owner_id="carol")]
    worker = harness.worker(ScriptedTranscoder())
    for message in [*many, *few]:
        await worker.run(message.id)
    assert set((await finished(harness, *many, *few))[:3]) == {"alice", "bob", "carol"}
    states = {(await harness.now(each)).status for each in [*many, *few]}
    assert states == {State.COMPLETED}


async def test_within_an_account_the_oldest_starts_first_whatever_the_message_names(
    harness: WorkerHarness,
) -> None:
    """A message may run another account's conversion; the named one must not fall behind because of that."""
    many = [await harness.queued(owner_id="alice") for _ in range(6)]
    few = [await harness.queued(owner_id=owner) for owner in ("bob", "carol")]
    worker = harness.worker(ScriptedTranscoder())
    for message in [*many, *few]:
        await worker.run(message.id)
    begun = [(await harness.now(each)).started_at for each in many]
    assert begun == sorted(begun, key=str)


async def test_workers_that_compete_for_one_conversion_all_get_one(harness: WorkerHarness) -> None:
    waiting = [await harness.queued() for _ in range(12)]
    workers = [harness.worker(ScriptedTranscoder(), name=f"worker-{n}") for n in range(12)]
    await asyncio.gather(*(worker.run(waiting[0].id) for worker in workers))
    assert {(await harness.now(each)).status for each in waiting} == {State.COMPLETED}


async def test_one_message_per_video_suffices_with_any_number_of_workers(
    harness: WorkerHarness,
) -> None:
    waiting = [await harness.queued(owner_id=owner) for owner in "abcabcaaaa"]
    workers = [harness.worker(ScriptedTranscoder(), name=f"worker-{n}") for n in range(3)]

    async def deliver(number: int, message: Conversion) -> None:
        await workers[number % 3].run(message.id)

    await asyncio.gather(*(deliver(number, each) for number, each in enumerate(waiting)))
    assert {(await harness.now(each)).status for each in waiting} == {State.COMPLETED}
    assert {(await harness.now(each)).attempts for each in waiting} == {1}


async def test_a_conversion_is_not_claimed_before_its_retry_time(harness: WorkerHarness) -> None:
    async def broken(_: Path) -> None:
        raise TranscoderUnavailable("no room")

    waiting_for_retry, other = await harness.queued(), await harness.queued()
    with pytest.raises(Retry) as pause:
        await harness.worker(ScriptedTranscoder(during=broken)).run(waiting_for_retry.id)
    retry_at = (await harness.now(waiting_for_retry)).retry_at
    assert retry_at
    assert 0 < (retry_at - utc_now()).total_seconds() < pause.value.delay_s
    transcoder = ScriptedTranscoder()
    worker = harness.worker(transcoder)
    await worker.run(other.id)
    await worker.run(other.id)
    with pytest.raises(Retry) as again:
        await worker.run(waiting_for_retry.id)
    assert not again.value.counts
    assert transcoder.runs == 1
    await harness.end_retry_delay(waiting_for_retry)
    await worker.run(other.id)
    assert (await harness.now(waiting_for_retry)).status is State.COMPLETED


async def test_a_conversion_is_announced_again_soon_after_its_retry_time(harness: WorkerHarness) -> None:
    async def broken(_: Path) -> None:
        raise TranscoderUnavailable("no room")

    waiting_for_retry = await harness.queued()
    with pytest.raises(Retry):
        await harness.worker(ScriptedTranscoder(during=broken)).run(waiting_for_retry.id)
    waiting = await harness.now(waiting_for_retry)
    assert waiting.due_at
    assert waiting.retry_at
    assert 0 < (waiting.due_at - waiting.retry_at).total_seconds() <= 60


async def test_an_account_at_its_limit_leaves_workers_to_other_accounts(
    harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run_until_cancelled(_: Path) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(claim, "POLL_S", 0.01)
    many = [await harness.queued() for _ in range(3)]
    transcoder = ScriptedTranscoder(during=run_until_cancelled)
    running = asyncio.create_task(harness.worker(transcoder, per_account=1).run(many[0].id))
    await transcoder.began.wait()
    other = await harness.queued(owner_id="bob")
    worker = harness.worker(ScriptedTranscoder(), per_account=1)
    await worker.run(many[1].id)
    assert (await harness.now(other)).status is State.COMPLETED
    with pytest.raises(Retry) as later:
        await worker.run(other.id)
    assert not later.value.counts
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_message_is_kept_for_a_while_when_all_accounts_are_at_their_limit(
    harness: WorkerHarness,
) -> None:
    go = asyncio.Event()

    async def until_released(_: Path) -> None:
        await go.wait()

    first, second = [await harness.queued() for _ in range(2)]
    transcoder = ScriptedTranscoder(during=until_released)
    running = asyncio.create_task(harness.worker(transcoder, per_account=1).run(first.id))
    await transcoder.began.wait()
    held_back = asyncio.create_task(harness.worker(ScriptedTranscoder(), per_account=1).run(second.id))
    _, waiting = await asyncio.wait({held_back}, timeout=0.2)
    go.set()
    await asyncio.gather(running, held_back)
    assert waiting == {held_back}
    assert (await harness.now(second)).status is State.COMPLETED


async def test_an_unreadable_record_does_not_block_the_queue(harness: WorkerHarness) -> None:
    conversion = await harness.queued()
    unreadable = {"_id": new_id(), "status": "queued", "owner_id": "a", "attempts": "from the future"}
    await harness.database["conversions"].insert_one(unreadable)
    await harness.worker(ScriptedTranscoder()).run(conversion.id)
    assert (await harness.now(conversion)).status is State.COMPLETED


async def test_a_conversion_without_attempts_left_fails_whichever_message_finds_it(
    harness: WorkerHarness,
) -> None:
    spent = await harness.queued()
    await harness.store.save(replace(spent, attempts=4))
    await harness.worker(ScriptedTranscoder(), max_retries=3).run("anything")
    assert (await harness.now(spent)).status is State.FAILED
