"""Contract of Checkpoint: one claim at a time, which continues at the last saved position."""

import asyncio
from datetime import timedelta

import pytest

from converter_service.maintenance.ports import Checkpoint
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


async def test_each_claim_continues_at_the_last_position(checkpoint: Checkpoint) -> None:
    assert await checkpoint.claim(NOON, NOON + SECOND) == ""
    await checkpoint.advance("here", NOON + 2 * SECOND)
    assert await checkpoint.claim(NOON + SECOND, NOON + 3 * SECOND) is None
    assert await checkpoint.claim(NOON + 2 * SECOND, NOON + 3 * SECOND) == "here"


async def test_the_claim_of_a_crashed_holder_expires(checkpoint: Checkpoint) -> None:
    assert await checkpoint.claim(NOON, NOON + SECOND) == ""
    assert await checkpoint.claim(NOON, NOON + SECOND) is None
    assert await checkpoint.claim(NOON + SECOND, NOON + 2 * SECOND) == ""


async def test_of_concurrent_claims_one_wins(checkpoint: Checkpoint) -> None:
    taken = await asyncio.gather(*(checkpoint.claim(NOON, NOON + SECOND) for _ in range(5)))
    assert [place for place in taken if place is not None] == [""]
