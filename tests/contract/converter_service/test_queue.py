"""Every queue: the oldest of the next account that has one ready."""

from datetime import timedelta

from msgspec.structs import replace

from converter_service.conversion import deleted
from converter_service.ports import ConversionStore, Queue
from tests.support.conversions import NOON, converting, done, queued, uploading

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


async def test_only_what_is_queued_and_kept_and_has_rested_is_ready(
    store: ConversionStore, queue: Queue
) -> None:
    for each in (uploading(1), converting(2), done(3), deleted(queued(4), NOON)):
        await store.add(each)
    await store.add(replace(queued(5), rests_until=NOON + SECOND))
    assert await names(queue) is None
    await store.add(replace(queued(6), rests_until=NOON))
    assert await names(queue) == queued(6).id


async def test_what_runs_is_counted_by_account(store: ConversionStore, queue: Queue) -> None:
    for each in (converting(1), queued(2), converting(3, owner_id="bob"), converting(4), done(5)):
        await store.add(each)
    assert [await queue.running(owner) for owner in ("alice", "bob", "carol")] == [2, 1, 0]
