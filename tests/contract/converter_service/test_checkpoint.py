"""Every bookmark: one walker at a time, and each goes on where the last one was."""

import asyncio
from datetime import timedelta

import pytest

from converter_service.conversions.ports import Bookmark
from converter_service.storage.checkpoint import MongoBookmark
from shared.mongo.connection import Client, database_of
from tests.support.conversions import NOON
from tests.support.in_memory.conversions import MemoryBookmark

SECOND = timedelta(seconds=1)


@pytest.fixture(params=["memory", "mongo"])
def bookmark(request: pytest.FixtureRequest) -> Bookmark:
    if request.param == "memory":
        return MemoryBookmark()
    client: Client = request.getfixturevalue("mongo_client")
    return MongoBookmark(database_of(client), "walk")


async def test_each_goes_on_where_the_last_one_was(bookmark: Bookmark) -> None:
    assert await bookmark.take(NOON, NOON + SECOND) == ""
    await bookmark.put("here", NOON + 2 * SECOND)
    assert await bookmark.take(NOON + SECOND, NOON + 3 * SECOND) is None
    assert await bookmark.take(NOON + 2 * SECOND, NOON + 3 * SECOND) == "here"


async def test_who_took_it_and_died_holds_up_nobody_for_long(bookmark: Bookmark) -> None:
    assert await bookmark.take(NOON, NOON + SECOND) == ""
    assert await bookmark.take(NOON, NOON + SECOND) is None
    assert await bookmark.take(NOON + SECOND, NOON + 2 * SECOND) == ""


async def test_of_walkers_at_the_same_time_one_gets_it(bookmark: Bookmark) -> None:
    taken = await asyncio.gather(*(bookmark.take(NOON, NOON + SECOND) for _ in range(5)))
    assert [place for place in taken if place is not None] == [""]
