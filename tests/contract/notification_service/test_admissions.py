"""Contract suite of the Admissions port: in memory and in MongoDB."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from notification_service.admissions import Admissions, Bound
from notification_service.mongo_admissions import MongoAdmissions
from shared.mongo import connect
from shared.settings import Secret
from tests.support.in_memory.email import MemoryAdmissions
from tests.support.wait import until

DAY = timedelta(days=1)
SHORT = timedelta(milliseconds=500)


@pytest.fixture(params=["memory", "mongo"])
async def replicas(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Admissions, Admissions]]:
    """Two users of one store."""
    if request.param == "memory":
        shared = MemoryAdmissions()
        yield shared, shared
        return
    async with connect(Secret(request.getfixturevalue("mongo_url"))) as client:
        database = client.get_default_database()
        one, other = MongoAdmissions(database, "recipients"), MongoAdmissions(database, "recipients")
        await one.prepare()
        yield one, other


async def test_concurrent_members_are_admitted_up_to_the_bound(
    replicas: tuple[Admissions, Admissions],
) -> None:
    bounds = (Bound(10, DAY), Bound(30, None))
    answers = await asyncio.gather(*(replicas[n % 2].admit("a", f"m{n}", bounds) for n in range(40)))
    assert sum(answers) == 10
    again = [await replicas[1].admit("a", f"m{n}", bounds) for n in range(40)]
    assert again == answers


async def test_keys_are_counted_separately(replicas: tuple[Admissions, Admissions]) -> None:
    assert [await replicas[0].admit(key, "m", (Bound(1, DAY),)) for key in ("a", "b")] == [True, True]
    assert not await replicas[0].admit("a", "n", (Bound(1, DAY),))


async def test_a_window_moves_and_a_bound_for_ever_stays(replicas: tuple[Admissions, Admissions]) -> None:
    one, _ = replicas
    bounds = (Bound(1, SHORT), Bound(2, None))
    assert await one.admit("a", "first", bounds)
    await until(lambda: one.admit("a", "second", bounds), what="room in the window")
    await until(lambda: one.admit("b", "other", (Bound(1, SHORT),)))
    await asyncio.sleep(SHORT.total_seconds())
    assert not await one.admit("a", "third", bounds)
    assert await one.admit("a", "first", bounds)
