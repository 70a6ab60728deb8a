"""Contract of Checkpoint: one claim at a time, continuing at the last saved position."""

import asyncio
from datetime import timedelta

import pytest

from converter_service.maintenance.orphan_collector import Checkpoint
from converter_service.storage.checkpoint import MongoCheckpoint
from shared.mongo import Client, database_of
from tests.support.conversions import NOON
from tests.support.in_memory.conversions import MemoryCheckpoint

SECOND = timedelta(seconds=1)


@pytest.fixture(params=["memory", "mongo"])
def checkpoint(request: pytest.FixtureRequest) -> Checkpoint:
    if request.param == "memory":
        return MemoryCheckpoint()
    client: Client = request.getfixturevalue("mongo_client")
    return MongoCheckpoint(database_of(client), "walk")


async def test_each_goes_on_where_the_last_one_was(checkpoint: Checkpoint) -> None:
    assert await checkpoint.claim(NOON, NOON + SECOND) == ""
    await checkpoint.advance("here", NOON + 2 * SECOND)
    assert await checkpoint.claim(NOON + SECOND, NOON + 3 * SECOND) is None
    assert await checkpoint.claim(NOON + 2 * SECOND, NOON + 3 * SECOND) == "here"


async def test_who_took_it_and_died_holds_up_nobody_for_long(checkpoint: Checkpoint) -> None:
    assert await checkpoint.claim(NOON, NOON + SECOND) == ""
    assert await checkpoint.claim(NOON, NOON + SECOND) is None
    assert await checkpoint.claim(NOON + SECOND, NOON + 2 * SECOND) == ""


async def test_of_walkers_at_the_same_time_one_gets_it(checkpoint: Checkpoint) -> None:
    taken = await asyncio.gather(*(checkpoint.claim(NOON, NOON + SECOND) for _ in range(5)))
    assert [place for place in taken if place is not None] == [""]
