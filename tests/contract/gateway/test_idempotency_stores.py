"""Contract of idempotency stores, in memory and in Redis."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from gateway.idempotency.memory_store import MemoryIdempotencyStore
from gateway.idempotency.redis_store import RedisIdempotencyStore
from gateway.idempotency.store import IdempotencyStore
from tests.support.wait import until

LONG = timedelta(minutes=1)
SHORT = timedelta(milliseconds=50)


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[IdempotencyStore]:
    made: IdempotencyStore
    if request.param == "memory":
        made = MemoryIdempotencyStore()
    else:
        made = RedisIdempotencyStore(request.getfixturevalue("redis").url, timeout_s=10.0)
    yield made
    made.close()
    await asyncio.sleep(0)  # closed connections are closed in the next round of the loop


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name that no other test run uses."""
    return f"{request.node.name}:{time.time_ns()}"


async def test_the_first_claim_wins_and_later_ones_get_its_record(store: IdempotencyStore, name: str) -> None:
    assert await store.claim(name, b"first", LONG) is None
    assert await store.claim(name, b"second", LONG) == b"first"
    assert await store.claim(name, b"third", LONG) == b"first"


async def test_of_concurrent_claims_exactly_one_wins(store: IdempotencyStore, name: str) -> None:
    claims = await asyncio.gather(*(store.claim(name, str(n).encode(), LONG) for n in range(10)))
    assert claims.count(None) == 1
    assert len(set(claims)) == 2


async def test_a_record_is_replaced(store: IdempotencyStore, name: str) -> None:
    await store.claim(name, b"running", LONG)
    await store.put(name, b"done", LONG)
    assert await store.claim(name, b"again", LONG) == b"done"


async def test_a_dropped_record_can_be_claimed_again(store: IdempotencyStore, name: str) -> None:
    await store.claim(name, b"first", LONG)
    await store.drop(name)
    assert await store.claim(name, b"second", LONG) is None


async def test_a_record_that_does_not_exist_can_be_dropped(store: IdempotencyStore, name: str) -> None:
    await store.drop(name)


async def test_an_expired_record_can_be_claimed_again(store: IdempotencyStore, name: str) -> None:
    await store.claim(name, b"first", SHORT)

    async def is_free() -> bool:
        return await store.claim(name, b"second", LONG) is None

    await until(is_free, what="the record has expired")


async def test_a_replaced_record_has_the_new_expiry(store: IdempotencyStore, name: str) -> None:
    await store.claim(name, b"running", LONG)
    await store.put(name, b"done", SHORT)

    async def is_free() -> bool:
        return await store.claim(name, b"again", LONG) is None

    await until(is_free, what="the record has expired")


async def test_names_are_independent(store: IdempotencyStore, name: str) -> None:
    await store.claim(name, b"first", LONG)
    assert await store.claim(f"{name}:other", b"second", LONG) is None


async def test_records_are_bytes(store: IdempotencyStore, name: str) -> None:
    record = bytes(range(256))
    await store.claim(name, record, LONG)
    assert await store.claim(name, b"", LONG) == record
