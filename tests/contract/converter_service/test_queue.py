"""Contract of Queue: next claimable conversion by account, counts, and usage."""

from datetime import timedelta

from msgspec.structs import replace

from converter_service.conversions.ports import ConversionStore, Queue, Usage
from converter_service.conversions.transitions.removal import deleted, expired
from tests.support.conversions import NOON, RETENTION, converting, done, queued, reserved, uploading

SECOND = timedelta(seconds=1)


async def names(queue: Queue, after: str = "") -> str | None:
    found = await queue.next(NOON, after)
    return found.id if found else None


async def test_accounts_follow_each_other_in_order_each_with_its_oldest(
    store: ConversionStore, queue: Queue
) -> None:
    for number, owner in enumerate(["bob", "alice", "bob", "alice", "carol"]):
        await store.add(queued(number, owner_id=owner))
    assert await names(queue) == queued(1).id
    assert await names(queue, "alice") == queued(0).id
    assert await names(queue, "b") == queued(0).id
    assert await names(queue, "bob") == queued(4).id
    assert await names(queue, "carol") is None


async def test_only_queued_conversions_after_their_retry_time_are_claimable(
    store: ConversionStore, queue: Queue
) -> None:
    for each in (uploading(1), converting(2), done(3), deleted(queued(4), NOON)):
        await store.add(each)
    await store.add(replace(queued(5), retry_at=NOON + SECOND))
    assert await names(queue) is None
    await store.add(replace(queued(6), retry_at=NOON))
    assert await names(queue) == queued(6).id


async def test_running_conversions_are_counted_by_account(store: ConversionStore, queue: Queue) -> None:
    for each in (converting(1), queued(2), converting(3, owner_id="bob"), converting(4), done(5)):
        await store.add(each)
    assert [await queue.running(owner) for owner in ("alice", "bob", "carol")] == [2, 1, 0]


async def test_the_length_is_counted_up_to_a_bound(store: ConversionStore, queue: Queue) -> None:
    for each in (queued(1), queued(2, owner_id="bob"), queued(3), converting(4), done(5), uploading(6)):
        await store.add(each)
    assert [await queue.length(at_most) for at_most in (1, 3, 10)] == [1, 3, 3]


async def test_usage_counts_videos_audio_and_declared_upload_lengths(
    store: ConversionStore, queue: Queue
) -> None:
    for each in (reserved(1, 1000), queued(2), converting(3), done(4), queued(5, owner_id="bob")):
        await store.add(each)
    await store.add(deleted(queued(6), NOON))
    await store.add(expired(done(7), NOON + RETENTION))
    assert await queue.usage("alice") == Usage(bytes=1000 + 3 * 123 + 99, conversions=3)
    assert await queue.usage("nobody") == Usage(bytes=0, conversions=0)
    await store.save(deleted(queued(2), NOON))
    assert await queue.usage("alice") == Usage(bytes=1000 + 2 * 123 + 99, conversions=2)
