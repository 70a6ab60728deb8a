"""Contract of ProcessorUse: one value for each run, summed up for an account and a time."""

from datetime import timedelta

import pytest

from converter_service.conversions.ports import ProcessorUse
from converter_service.storage.processor_use import MongoProcessorUse
from shared.mongo import Client, database_of
from tests.support.conversions import NOON
from tests.support.in_memory.processor_use import MemoryProcessorUse

HOUR = timedelta(hours=1)


@pytest.fixture(params=["memory", "mongo"])
def use(request: pytest.FixtureRequest) -> ProcessorUse:
    if request.param == "memory":
        return MemoryProcessorUse()
    client: Client = request.getfixturevalue("mongo_client")
    return MongoProcessorUse(database_of(client))


async def test_the_runs_of_an_account_are_summed_up(use: ProcessorUse) -> None:
    await use.record("1", "alice", 2.5, NOON)
    await use.record("2", "alice", 4.0, NOON)
    await use.record("3", "bob", 100.0, NOON)
    assert await use.used("alice", NOON) == 6.5
    assert await use.used("carol", NOON) == 0


async def test_a_later_value_of_a_run_replaces_the_earlier_one(use: ProcessorUse) -> None:
    await use.record("1", "alice", 100.0, NOON)
    await use.record("1", "alice", 2.5, NOON + HOUR)
    assert await use.used("alice", NOON) == 2.5


async def test_older_runs_do_not_count(use: ProcessorUse) -> None:
    await use.record("1", "alice", 100.0, NOON - HOUR)
    await use.record("2", "alice", 2.5, NOON)
    assert await use.used("alice", NOON) == 2.5
