"""Document cache: freshness, rate-limited fetches, and a single fetch for concurrent callers."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from auth_service.oauth.errors import ProviderUnavailable
from auth_service.oauth.providers.document_cache import (
    MAX_AGE,
    MAX_STALE_AGE,
    MIN_FETCH_INTERVAL,
    DocumentCache,
)


class Source:
    """A document source that counts its fetches."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 20, 10, tzinfo=UTC)
        self.asked = 0
        self.away = False
        self.hold = asyncio.Event()
        self.hold.set()
        self.remembered = DocumentCache(self.answer, lambda: self.moment)

    async def answer(self) -> int:
        self.asked += 1
        await self.hold.wait()
        if self.away:
            raise ProviderUnavailable
        return self.asked


@pytest.fixture
def there() -> Source:
    return Source()


async def test_concurrent_first_callers_share_one_fetch(there: Source) -> None:
    there.hold.clear()
    waiting = [asyncio.create_task(there.remembered.get()) for _ in range(5)]
    await asyncio.sleep(0)
    there.hold.set()
    assert await asyncio.gather(*waiting) == [1] * 5


async def test_concurrent_callers_share_one_failed_fetch(there: Source) -> None:
    there.hold.clear()
    there.away = True
    waiting = [asyncio.create_task(there.remembered.get()) for _ in range(5)]
    await asyncio.sleep(0)
    there.hold.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {ProviderUnavailable}
    assert there.asked == 1


async def test_a_stale_document_is_fetched_again(there: Source) -> None:
    assert await there.remembered.get() == 1
    there.moment += MAX_AGE - timedelta(seconds=1)
    assert await there.remembered.get() == 1
    there.moment += timedelta(seconds=1)
    assert await there.remembered.get() == 2


async def test_refresh_fetches_again_after_the_minimum_interval(there: Source) -> None:
    await there.remembered.get()
    assert await there.remembered.refresh() == 1
    there.moment += MIN_FETCH_INTERVAL
    assert await there.remembered.refresh() == 2


async def test_a_stale_document_is_used_for_a_day_while_the_provider_is_unavailable(there: Source) -> None:
    await there.remembered.get()
    there.away = True
    there.moment += MAX_STALE_AGE - timedelta(seconds=1)
    assert await there.remembered.get() == 1
    assert await there.remembered.get() == 1
    assert there.asked == 2
    there.moment += timedelta(seconds=1)
    with pytest.raises(ProviderUnavailable):
        await there.remembered.get()
