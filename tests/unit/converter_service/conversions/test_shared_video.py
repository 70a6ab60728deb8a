"""The bytes of a shared video go with the last conversion that uses them, whatever happens in between."""

from itertools import permutations

import pytest
from msgspec.structs import replace

from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.model import Conversion
from converter_service.conversions.segments import PARTIAL, Segment
from converter_service.conversions.transitions.concatenation import assigned_to_final
from converter_service.conversions.transitions.removal import deleted, expired
from converter_service.conversions.transitions.resumable import upload_of
from tests.support.conversions import NOON, done, queued, resumable
from tests.support.in_memory.conversions import MemoryBlobs, MemoryConversions

VIDEO = "source-1"


class Shared:
    """Three conversions of one video: the first was uploaded, the others were made from it."""

    def __init__(self) -> None:
        self.store, self.blobs = MemoryConversions(), MemoryBlobs()
        self.cleanup = Cleanup(self.store, self.blobs)

    async def begin(self) -> list[Conversion]:
        self.blobs.contents[VIDEO] = b"video"
        every = [done(1), *(replace(queued(number), **SHARED) for number in (2, 3))]
        for each in every:
            await self.store.add(each)
        return every

    def counting(self) -> list[str]:
        """Ids of the conversions that count the video in the quota."""
        return [each.id for each in self.store.contents.values() if each.held_bytes >= 123]

    async def mark(self, conversion: Conversion) -> Conversion:
        newest = self.store.contents[conversion.id]
        return await self.store.save(deleted(newest, NOON))


SHARED = {"source_blob": None, "shared_blobs": (VIDEO,), "counts_video": False}


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_the_video_stays_until_the_last_deletion_and_counts_once(order: tuple[int, ...]) -> None:
    shared = Shared()
    every = await shared.begin()
    for gone in order:
        assert VIDEO in shared.blobs.contents
        assert len(shared.counting()) == 1
        await shared.cleanup.purge(await shared.mark(every[gone]))
    assert shared.blobs.contents == {}
    assert shared.store.contents == {}


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_deletions_that_were_interrupted_after_their_mark_are_finished_in_any_order(
    order: tuple[int, ...],
) -> None:
    shared = Shared()
    marked = [await shared.mark(each) for each in await shared.begin()]
    for number in order:
        await shared.cleanup.purge(marked[number])
    assert shared.blobs.contents == {}


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_repeated_deletion_changes_nothing_for_the_others(order: tuple[int, ...]) -> None:
    """As when a process died between two steps of it."""
    shared = Shared()
    every = await shared.begin()
    first = await shared.mark(every[order[0]])
    await shared.cleanup.purge_unless_written(first, NOON)
    await shared.cleanup.purge(first)
    assert VIDEO in shared.blobs.contents
    assert len(shared.counting()) == 1


async def test_an_expired_conversion_leaves_the_video_to_the_others() -> None:
    shared = Shared()
    first, second, third = await shared.begin()
    await shared.cleanup.delete_bytes(await shared.store.save(expired(first, NOON)))
    assert VIDEO in shared.blobs.contents
    assert shared.counting() == [second.id]
    assert shared.store.contents[first.id].source_blobs == ()
    for each in (second, third):
        await shared.cleanup.purge(await shared.mark(each))
    assert shared.blobs.contents == {}


async def test_the_heir_that_is_deleted_at_that_moment_is_passed_over() -> None:
    shared = Shared()
    first, second, third = await shared.begin()

    class Racing(MemoryConversions):
        """Deletes the second conversion between the look for an heir and its change."""

        async def video_user(self, blob_id: str, other_than: str) -> Conversion | None:
            found = await super().video_user(blob_id, other_than)
            if found is not None and found.id == second.id:
                await shared.mark(second)
            return found

    racing = Racing()
    racing.contents = shared.store.contents
    marked = await shared.mark(first)
    await Cleanup(racing, shared.blobs).purge(marked)
    assert VIDEO in shared.blobs.contents
    assert shared.counting() == [third.id]


async def test_a_part_of_a_deleted_upload_leaves_its_bytes_to_those_who_use_the_video() -> None:
    shared = Shared()
    part = assigned_to_final(resumable(4, concat=PARTIAL, segments=(Segment("part", 10),)), "final")
    user = replace(queued(5), **{**SHARED, "shared_blobs": ("other part", "part")})
    shared.blobs.contents["part"] = b"bytes"
    await shared.store.add(part)
    await shared.store.add(user)
    await shared.cleanup.purge_part(part, upload_of(part))
    assert set(shared.store.contents) == {user.id}
    assert "part" in shared.blobs.contents
    await shared.cleanup.purge(await shared.mark(user))
    assert shared.blobs.contents == {}
