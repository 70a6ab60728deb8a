"""A provider's document: kept for a while, asked for with restraint, and waited for by everybody at once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from auth_service.oauth.errors import ProviderAway
from auth_service.oauth.providers.document_cache import FRESH, PAUSE, STALE, Remembered


class There:
    """What is asked; counts how often."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 20, 10, tzinfo=UTC)
        self.asked = 0
        self.away = False
        self.hold = asyncio.Event()
        self.hold.set()
        self.remembered = Remembered(self.answer, lambda: self.moment)

    async def answer(self) -> int:
        self.asked += 1
        await self.hold.wait()
        if self.away:
            raise ProviderAway
        return self.asked


@pytest.fixture
def there() -> There:
    return There()


async def test_many_who_come_first_wait_for_one_answer(there: There) -> None:
    there.hold.clear()
    waiting = [asyncio.create_task(there.remembered.get()) for _ in range(5)]
    await asyncio.sleep(0)
    there.hold.set()
    assert await asyncio.gather(*waiting) == [1] * 5


async def test_many_who_wait_in_vain_ask_once(there: There) -> None:
    there.hold.clear()
    there.away = True
    waiting = [asyncio.create_task(there.remembered.get()) for _ in range(5)]
    await asyncio.sleep(0)
    there.hold.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {ProviderAway}
    assert there.asked == 1


async def test_it_is_asked_again_when_it_is_not_fresh_any_more(there: There) -> None:
    assert await there.remembered.get() == 1
    there.moment += FRESH - timedelta(seconds=1)
    assert await there.remembered.get() == 1
    there.moment += timedelta(seconds=1)
    assert await there.remembered.get() == 2


async def test_whoever_needs_a_newer_one_gets_it_after_a_pause(there: There) -> None:
    await there.remembered.get()
    assert await there.remembered.newer() == 1
    there.moment += PAUSE
    assert await there.remembered.newer() == 2


async def test_what_is_known_serves_for_a_day_while_the_provider_is_away(there: There) -> None:
    await there.remembered.get()
    there.away = True
    there.moment += STALE - timedelta(seconds=1)
    assert await there.remembered.get() == 1
    assert await there.remembered.get() == 1
    assert there.asked == 2
    there.moment += timedelta(seconds=1)
    with pytest.raises(ProviderAway):
        await there.remembered.get()
