"""Leases are valid across machines with different clocks, since all use MongoDB's."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from converter_service.conversions.model import Conversion, State
from converter_service.storage.conversions import MongoConversions
from devstack.ports import free_port
from shared.clock import utc_now
from shared.errors import Unavailable
from shared.mongo import Client, connect, database_of
from shared.mongo_clock import Estimate, ServerClock
from shared.settings import Secret
from tests.support.conversions import LEASE, converting
from tests.support.wait import until

CLOSE = timedelta(seconds=30)


@pytest.fixture
async def client(mongo_url: str) -> AsyncIterator[Client]:
    async with connect(Secret(mongo_url)) as client:
        yield client


@asynccontextmanager
async def worker_elsewhere(mongo_url: str, scratch: Path, skew_s: int) -> AsyncIterator[None]:
    """A worker process whose system clock is off by `skew`."""
    settings = {
        "CONVERTER_MONGO_URL": mongo_url,
        "CONVERTER_SCRATCH_DIR": str(scratch),
        "AMQP_URL": "amqp://unused",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.clock_skew", str(skew_s), env={**os.environ, **settings}
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.parametrize("skew_s", [7200, -7200])
async def test_a_worker_with_a_wrong_clock_takes_over_expired_leases_only(
    client: Client, mongo_url: str, tmp_path: Path, skew_s: int
) -> None:
    store = MongoConversions(database_of(client), utc_now)
    # One lease is valid, one has expired; by the other machine's clock it would be the reverse.
    living, dead = converting(1, at=utc_now() + timedelta(hours=1)), converting(2, at=utc_now() - LEASE)
    await store.add(living)
    await store.add(dead)
    async with worker_elsewhere(mongo_url, tmp_path, skew_s):
        await until(lambda: is_fenced(store, dead), what="the dead run is fenced")
        another = converting(3, at=utc_now() - LEASE)
        await store.add(another)
        await until(lambda: is_fenced(store, another), what="the next sweep")
        assert await store.get(living.id) == living


async def is_fenced(store: MongoConversions, run: Conversion) -> bool:
    newest = await store.get(run.id)
    assert newest
    return newest.status is not State.CONVERTING or newest.lease != run.lease


async def test_clocks_of_one_database_agree_with_any_local_clock(client: Client) -> None:
    first, second = (
        ServerClock(database_of(client)),
        ServerClock(database_of(client), lambda: time.monotonic() + 12_345),
    )
    await first.ask()
    await second.ask()
    assert abs(first() - second()) < CLOSE
    assert abs(first() - utc_now()) < CLOSE
    assert first().microsecond % 1000 == 0


async def test_a_clock_catches_up_after_its_machine_slept(client: Client) -> None:
    slept_s = 0.0
    clock = ServerClock(database_of(client), lambda: time.monotonic() - slept_s)
    await clock.ask()
    slept_s = 100
    assert utc_now() - clock() > timedelta(seconds=90)
    await clock.ask()
    assert abs(clock() - utc_now()) < CLOSE


async def test_the_clock_is_unavailable_before_the_first_connection() -> None:
    async with connect(Secret(f"mongodb://127.0.0.1:{free_port()}/nowhere")) as client:
        clock = ServerClock(database_of(client))
        with pytest.raises(Unavailable):
            await clock.ask()
        with pytest.raises(Unavailable):
            clock()


def test_a_slow_reply_does_not_replace_an_exact_one() -> None:
    exact = Estimate(offset_s=1000.0, error_s=0.001, at=0.0)
    assert not exact.yields_to(Estimate(offset_s=1001.5, error_s=2.0, at=10.0))
    assert exact.yields_to(Estimate(offset_s=1000.01, error_s=0.002, at=10.0))
    assert exact.yields_to(Estimate(offset_s=1020.0, error_s=2.0, at=10.0))
