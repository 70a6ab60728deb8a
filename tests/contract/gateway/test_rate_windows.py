"""Contract of rate-limit windows, in memory and in Redis."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from limits import parse

from gateway.limits.memory_windows import MemoryWindows
from gateway.limits.redis_windows import RedisWindows
from gateway.limits.windows import Windows
from tests.support.wait import until

THREE_A_MINUTE = parse("3/minute")


@pytest.fixture(params=["memory", "redis"])
async def windows(request: pytest.FixtureRequest) -> AsyncIterator[Windows]:
    made: Windows
    if request.param == "memory":
        made = MemoryWindows()
    else:
        made = RedisWindows(request.getfixturevalue("redis").url, timeout_s=10.0)
    yield made
    made.close()
    await asyncio.sleep(0)  # closed connections are closed in the next round of the loop


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    """A key that no other test run uses."""
    return f"{request.node.name}:{time.time_ns()}"


async def test_the_quota_is_counted_and_then_refused(windows: Windows, key: str) -> None:
    hits = [await windows.hit(THREE_A_MINUTE, key) for _ in range(4)]
    assert [allowed for allowed, _ in hits] == [True, True, True, False]
    assert [stats.remaining for _, stats in hits] == [2, 1, 0, 0]


async def test_of_concurrent_requests_no_more_than_the_quota_is_allowed(windows: Windows, key: str) -> None:
    hits = await asyncio.gather(*(windows.hit(THREE_A_MINUTE, key) for _ in range(12)))
    assert [allowed for allowed, _ in hits].count(True) == 3


async def test_a_peek_is_not_counted(windows: Windows, key: str) -> None:
    await windows.hit(THREE_A_MINUTE, key)
    looks = [await windows.look(THREE_A_MINUTE, key) for _ in range(5)]
    assert {stats.remaining for stats in looks} == {2}


async def test_a_window_without_requests_has_its_whole_quota(windows: Windows, key: str) -> None:
    assert (await windows.look(THREE_A_MINUTE, key)).remaining == 3


async def test_keys_are_counted_separately(windows: Windows, key: str) -> None:
    for _ in range(3):
        await windows.hit(THREE_A_MINUTE, key)
    assert (await windows.hit(THREE_A_MINUTE, f"{key}:other"))[0]


async def test_the_reset_time_is_when_the_oldest_request_leaves_the_window(
    windows: Windows, key: str
) -> None:
    began = time.time()
    await windows.hit(THREE_A_MINUTE, key)
    _, stats = await windows.hit(THREE_A_MINUTE, key)
    assert began + 59 <= stats.reset_time <= time.time() + 61


async def test_a_refused_request_is_not_counted(windows: Windows, key: str) -> None:
    one_a_second = parse("1/second")
    assert (await windows.hit(one_a_second, key))[0]
    refused_at = time.monotonic()
    assert not (await windows.hit(one_a_second, key))[0]
    await until(lambda: time.monotonic() > refused_at + 1.05)
    assert (await windows.hit(one_a_second, key))[0]


async def test_a_store_that_works_passes_its_check(windows: Windows) -> None:
    await windows.check()
