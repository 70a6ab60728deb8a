"""Contract of ConversionStore: optimistic locking, atomic outbox, pagination by owner."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import ConversionStore, KeyTaken, VersionConflict
from converter_service.conversions.segments import PARTIAL, Segment, Upload
from converter_service.conversions.transitions.removal import deleted, expired
from converter_service.conversions.transitions.resumable import upload_of
from converter_service.conversions.transitions.upload import without_idempotency_key
from tests.support.conversions import NOON, converting, done, failed_one, queued, resumable, uploading

SECOND = timedelta(seconds=1)


async def add(store: ConversionStore, *conversions: Conversion) -> None:
    for conversion in conversions:
        await store.add(conversion)


@pytest.mark.parametrize("make", [uploading, resumable, queued, converting, done, failed_one])
async def test_a_stored_record_is_read_back_unchanged(store: ConversionStore, make: type) -> None:
    await store.add(make())
    assert await store.get(make().id) == make()


async def test_a_missing_record_is_none(store: ConversionStore) -> None:
    assert await store.get("nothing") is None


async def test_a_save_increments_the_version_and_is_read_back(store: ConversionStore) -> None:
    await store.add(queued())
    saved = await store.save(replace(queued(), progress=0.5))
    assert saved.version == 1
    assert await store.get(saved.id) == saved


async def test_a_save_from_an_older_value_is_refused(store: ConversionStore) -> None:
    await store.add(queued())
    await store.save(replace(queued(), progress=0.5))
    with pytest.raises(VersionConflict):
        await store.save(replace(queued(), progress=0.1))
    assert (await store.get(queued().id) or queued()).progress == 0.5


async def test_of_concurrent_saves_exactly_one_wins(store: ConversionStore) -> None:
    await store.add(queued())
    outcomes = await asyncio.gather(*(store.save(queued()) for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(outcome, VersionConflict) for outcome in outcomes) == 9


async def test_saving_a_removed_record_is_refused(store: ConversionStore) -> None:
    await store.add(queued())
    await store.remove(queued().id)
    await store.remove(queued().id)
    with pytest.raises(VersionConflict):
        await store.save(queued())


async def test_a_page_is_the_owners_own_newest_first(store: ConversionStore) -> None:
    await add(store, queued(1), done(2), queued(3, owner_id="bob"), uploading(4))
    assert [each.id for each in await store.page("alice", None, None, 10)] == [
        uploading(4).id,
        done(2).id,
        queued(1).id,
    ]


async def test_a_page_can_include_all_accounts(store: ConversionStore) -> None:
    await add(store, queued(1), done(2, owner_id="bob"), queued(3, owner_id="bob"))
    await store.add(deleted(done(4), NOON))
    assert [each.id for each in await store.page(None, None, None, 10)] == [
        queued(3).id,
        done(2).id,
        queued(1).id,
    ]
    assert [each.id for each in await store.page(None, State.QUEUED, queued(3).id, 10)] == [queued(1).id]


async def test_pages_have_neither_gaps_nor_repetitions(store: ConversionStore) -> None:
    await add(store, *(queued(number) for number in range(1, 8)))
    seen, before = list[str](), None
    while found := await store.page("alice", None, before, 3):
        seen += [each.id for each in found]
        before = found[-1].id
    assert seen == [queued(number).id for number in range(7, 0, -1)]


async def test_a_page_can_be_of_one_status(store: ConversionStore) -> None:
    await add(store, queued(1), done(2), queued(3))
    found = await store.page("alice", State.QUEUED, None, 10)
    assert [each.id for each in found] == [queued(3).id, queued(1).id]


def named(number: int, filename: str, title: str | None = None, owner_id: str = "alice") -> Conversion:
    made = queued(number, owner_id=owner_id)
    return replace(made, source=replace(made.source, filename=filename), title=title)


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ("TALK", [3, 1]),
        ("école", [2]),
        ("ÉCOLE", [2]),
        ("interview", [3]),
        (".*", [4]),
        ("(a|b)\\", [5]),
        ("$where", []),
        ("ada talk", []),
    ],
)
async def test_a_page_can_be_of_those_whose_title_or_file_name_contains_a_text(
    store: ConversionStore, wanted: str, numbers: list[int]
) -> None:
    """The text is plain: nothing in it has a meaning of its own."""
    await add(
        store,
        named(1, "Talk.mp4"),
        named(2, "École.mkv"),
        named(3, "talk 2.mp4", "Interview with Ada"),
        named(4, "a.*b.mp4"),
        named(5, "(a|b)\\.mp4"),
        named(6, "talk.mp4", owner_id="bob"),
        deleted(named(7, "talk.mp4"), NOON),
    )
    found = await store.page("alice", None, None, 10, wanted)
    assert [each.id for each in found] == [queued(number).id for number in numbers]


async def test_a_search_goes_with_a_status_and_pages(store: ConversionStore) -> None:
    await add(store, *(named(number, "talk.mp4") for number in range(1, 5)), named(5, "other.mp4"), done(6))
    found = await store.page("alice", State.QUEUED, queued(4).id, 2, "talk")
    assert [each.id for each in found] == [queued(3).id, queued(2).id]


async def test_a_search_finds_the_newest_title(store: ConversionStore) -> None:
    await add(store, named(1, "talk.mp4", "Old name"))
    await store.save(replace(named(1, "talk.mp4"), title="New name"))
    assert len(await store.page("alice", None, None, 10, "new name")) == 1
    assert await store.page("alice", None, None, 10, "old name") == []


async def test_partial_uploads_are_listed_as_parts_only(store: ConversionStore) -> None:
    await add(
        store, resumable(1), resumable(2, concat="partial"), resumable(3, concat="partial", owner_id="bob")
    )
    await add(store, deleted(resumable(4, concat="partial"), NOON))
    assert [each.id for each in await store.page("alice", None, None, 10)] == [resumable(1).id]
    assert [each.id for each in await store.page("alice", State.UPLOADING, None, 10)] == [resumable(1).id]
    assert [each.id for each in await store.partial_uploads("alice", 10)] == [resumable(2).id]


async def test_lists_omit_the_segments_of_uploads(store: ConversionStore) -> None:
    await store.add(resumable(1))
    [listed] = await store.page("alice", None, None, 10)
    assert (upload_of(listed).segments, listed.source) == ((), resumable(1).source)
    found = await store.get(resumable(1).id)
    assert found is not None
    assert upload_of(found).segments == upload_of(resumable(1)).segments


async def test_deleted_records_are_not_listed_but_readable(store: ConversionStore) -> None:
    await store.add(deleted(done(), NOON))
    assert list(await store.page("alice", None, None, 10)) == []
    assert await store.get(done().id) is not None


async def test_due_records_are_ordered_by_due_time_and_limited(store: ConversionStore) -> None:
    await add(
        store, converting(1, at=NOON + SECOND), converting(2), converting(3, at=NOON + timedelta(days=1))
    )
    now = NOON + timedelta(minutes=1)
    assert [each.id for each in await store.due(now, 10)] == [queued(2).id, queued(1).id]
    assert [each.id for each in await store.due(now, 1)] == [queued(2).id]


async def test_a_cached_result_is_found_by_owner_and_key_until_deleted(
    store: ConversionStore,
) -> None:
    cache_key = str(done().cache_key)
    await add(store, queued(1), failed_one(2), done(3, owner_id="bob"), deleted(done(4), NOON))
    await store.add(expired(done(5), NOON))
    assert await store.by_result_cache_key("alice", cache_key) is None
    await store.add(done(6))
    assert (await store.by_result_cache_key("alice", cache_key) or queued()).id == done(6).id
    assert await store.by_result_cache_key("alice", "another") is None


async def test_every_blob_of_a_record_is_referenced(store: ConversionStore) -> None:
    stretches = (Segment("stretch-1", 9), Segment("stretch-2", 1))
    part = Upload(length=10, expires_at=NOON, concat=PARTIAL, segments=stretches, joined_into="another")
    there = (uploading(1), converting(2), done(3), failed_one(4), deleted(done(5), NOON))
    await add(store, *there, replace(uploading(6), source_blob=None, upload=part))
    blobs = {blob for each in there for blob in each.blobs} | {"stretch-1", "stretch-2"}
    assert len(blobs) == 11
    assert set(await store.referenced_blobs([*sorted(blobs), "stranger"])) == blobs
    await store.remove(done(3).id)
    assert set(await store.referenced_blobs(sorted(blobs))) == blobs - set(done(3).blobs)


async def test_a_record_without_a_due_time_is_never_due(store: ConversionStore) -> None:
    await store.add(replace(done(), due_at=None))
    assert list(await store.due(NOON + timedelta(days=1000), 10)) == []


async def test_an_idempotency_key_is_held_by_one_at_a_time(store: ConversionStore) -> None:
    await store.add(replace(queued(1), idempotency_key="k"))
    await add(store, queued(2), queued(3))
    with pytest.raises(KeyTaken):
        await store.add(replace(queued(4), idempotency_key="k"))
    assert await store.get(queued(4).id) is None
    assert (await store.by_idempotency_key("k") or queued(9)).id == queued(1).id


async def test_of_concurrent_claims_of_a_key_one_wins(store: ConversionStore) -> None:
    asking = (store.add(replace(queued(number), idempotency_key="k")) for number in range(1, 9))
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert sum(isinstance(outcome, KeyTaken) for outcome in outcomes) == 7


async def test_a_key_is_free_after_its_release_or_the_removal_of_its_holder(store: ConversionStore) -> None:
    await store.add(replace(queued(1), idempotency_key="k"))
    await store.save(without_idempotency_key(replace(queued(1), idempotency_key="k")))
    assert await store.by_idempotency_key("k") is None
    await store.add(replace(queued(2), idempotency_key="k"))
    await store.remove(queued(2).id)
    await store.add(replace(queued(3), idempotency_key="k"))


async def test_the_user_of_a_video_is_the_oldest_other_conversion_that_has_it(
    store: ConversionStore,
) -> None:
    owner = done(1)
    (blob,) = owner.source_blobs
    again = [
        replace(queued(number), source_blob=None, shared_blobs=(blob,), counts_video=False)
        for number in (2, 3)
    ]
    await add(store, owner, *again, queued(4))
    assert (await store.video_user(blob, owner.id) or owner).id == again[0].id
    assert (await store.video_user(blob, again[0].id) or again[0]).id == owner.id
    assert await store.referenced_blobs([blob]) == {blob}


@pytest.mark.parametrize("over", [lambda each: deleted(each, NOON), lambda each: expired(each, NOON)])
async def test_a_deleted_or_expired_conversion_uses_no_video(
    store: ConversionStore, over: Callable[[Conversion], Conversion]
) -> None:
    owner = done(1)
    (blob,) = owner.source_blobs
    await add(store, owner, replace(over(done(2)), source_blob=None, shared_blobs=(blob,)))
    assert await store.video_user(blob, owner.id) is None


async def test_a_part_of_an_upload_is_no_user_of_its_video(store: ConversionStore) -> None:
    part = resumable(1)
    segments = (Segment("blob-of-a-part", 5),)
    upload = replace(upload_of(part), concat=PARTIAL, segments=segments)
    await add(store, replace(part, upload=upload))
    assert await store.referenced_blobs(["blob-of-a-part"]) == {"blob-of-a-part"}
    assert await store.video_user("blob-of-a-part", "another") is None


async def test_the_links_of_an_owner_s_completed_conversions_are_ended(store: ConversionStore) -> None:
    mine, other, unfinished = done(1), done(2, owner_id="bob"), queued(3)
    await add(store, mine, other, unfinished)
    for reset_at, count in ((NOON, 1), (NOON, 0), (NOON - SECOND, 0), (NOON + SECOND, 1)):
        assert await store.end_links(mine.owner_id, reset_at) == count
    found = [await store.get(each.id) for each in (mine, other, unfinished)]
    assert [each.links_ended for each in found if each] == [2, 0, 0]
    with pytest.raises(VersionConflict):
        await store.save(replace(mine, progress=0.5))
