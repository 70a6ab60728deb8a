"""Contract of DeadLetterStore: added once, listed by time, settled by one holder."""

import asyncio
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from converter_service.dead_letters.model import (
    DeadLetter,
    DeadLetterStatus,
    from_message,
    settled,
)
from converter_service.dead_letters.ports import DeadLetterStore
from converter_service.storage.dead_letters import MongoDeadLetters
from shared.clock import utc_now
from shared.errors import Unavailable
from shared.mongo import Client, database_of
from tests.support.dead_letters import RETENTION, dead_letter
from tests.support.in_memory.dead_letters import MemoryDeadLetters

LATER = timedelta(seconds=30)


@pytest.fixture
def memory_letters() -> MemoryDeadLetters:
    return MemoryDeadLetters()


@pytest.fixture
async def mongo_letters(mongo_client: Client) -> MongoDeadLetters:
    adapter = MongoDeadLetters(database_of(mongo_client))
    await adapter.prepare()
    return adapter


@pytest.fixture(params=["memory_letters", "mongo_letters"])
def letters(request: pytest.FixtureRequest) -> DeadLetterStore:
    adapter: DeadLetterStore = request.getfixturevalue(request.param)
    return adapter


def letter(number: int = 1) -> DeadLetter:
    return from_message(dead_letter(number), utc_now(), RETENTION)


async def held(letters: DeadLetterStore, holder: str, now: datetime | None = None) -> bool:
    now = now or utc_now()
    return await letters.hold(letter().id, holder, now, now + LATER)


async def test_a_stored_record_is_read_back_unchanged(letters: DeadLetterStore) -> None:
    kept = letter()
    await letters.add(kept)
    assert await letters.get(kept.id) == kept
    assert await letters.get("0" * 32) is None


async def test_a_repeated_dead_letter_does_not_replace_the_first(letters: DeadLetterStore) -> None:
    first = letter()
    await letters.add(first)
    assert await held(letters, "a")
    done = settled(first, DeadLetterStatus.DISCARDED, "root", utc_now(), RETENTION)
    assert await letters.settle(done, "a")
    await letters.add(letter())
    assert await letters.get(first.id) == done


async def test_pages_are_newest_first_and_omit_bodies(letters: DeadLetterStore) -> None:
    kept = [letter(number) for number in range(1, 6)]
    for each in kept:
        await letters.add(each)
    first = await letters.page(None, None, 3)
    assert list(first) == [replace(each, body=b"") for each in reversed(kept[2:])]
    assert [each.id for each in await letters.page(None, first[-1].id, 3)] == [kept[1].id, kept[0].id]


async def test_pages_and_counts_can_be_filtered_by_waiting(letters: DeadLetterStore) -> None:
    for number in (1, 2):
        await letters.add(letter(number))
    assert await letters.waiting() == 2
    assert await held(letters, "a")
    assert await letters.settle(
        settled(letter(), DeadLetterStatus.REPLAYED, "root", utc_now(), RETENTION), "a"
    )
    assert await letters.waiting() == 1
    assert [each.id for each in await letters.page(DeadLetterStatus.WAITING, None, 9)] == [letter(2).id]
    assert [each.id for each in await letters.page(DeadLetterStatus.REPLAYED, None, 9)] == [letter(1).id]


async def test_of_concurrent_claims_one_holds_the_dead_letter(letters: DeadLetterStore) -> None:
    await letters.add(letter())
    asked = await asyncio.gather(*(held(letters, str(number)) for number in range(10)))
    assert sum(asked) == 1


async def test_a_dead_letter_can_be_claimed_again_after_release_or_expiry(letters: DeadLetterStore) -> None:
    await letters.add(letter())
    assert await held(letters, "a")
    await letters.release(letter().id, "b")
    assert not await held(letters, "b")
    await letters.release(letter().id, "a")
    assert await held(letters, "b")
    assert await held(letters, "c", utc_now() + 2 * LATER)


async def test_only_the_holder_settles_a_dead_letter_and_thereby_releases_it(
    letters: DeadLetterStore,
) -> None:
    await letters.add(letter())
    done = settled(letter(), DeadLetterStatus.REPLAYED, "root", utc_now(), RETENTION)
    assert not await letters.settle(done, "a")
    assert await held(letters, "a")
    assert not await letters.settle(done, "b")
    assert await letters.settle(done, "a")
    assert not await letters.settle(done, "a")
    assert not await held(letters, "b", utc_now() + 2 * LATER)


async def test_a_missing_dead_letter_cannot_be_claimed(letters: DeadLetterStore) -> None:
    assert not await held(letters, "a")


async def test_a_full_store_refuses_dead_letters(mongo_client: Client) -> None:
    stored = MongoDeadLetters(database_of(mongo_client), limit=1)
    await stored.add(letter(1))
    with pytest.raises(Unavailable):
        await stored.add(letter(2))


async def test_every_query_uses_an_index_and_old_dead_letters_expire(mongo_client: Client) -> None:
    database = database_of(mongo_client)
    await MongoDeadLetters(database).prepare()
    documents = database["dead_letters"]
    for wanted in ({}, {"status": "waiting"}):
        explained = await documents.find(wanted).sort("_id", -1).explain()
        plan = str(explained["queryPlanner"]["winningPlan"])
        assert "COLLSCAN" not in plan
        assert "'SORT'" not in plan
    assert (await documents.index_information())["forget"]["expireAfterSeconds"] == 0
