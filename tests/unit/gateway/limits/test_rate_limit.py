"""Rate limits: moving windows, and reservations for requests that count only on failure."""

import time

import pytest
from limits import parse

from gateway.limits.memory_windows import MemoryWindows
from gateway.limits.rate_limit import LimitReached, Rate, RateLimits, Reading
from tests.support.wait import until


def limits(default: str = "3/minute") -> RateLimits:
    return RateLimits(dict.fromkeys(Rate, default), MemoryWindows())


async def test_the_quota_is_allowed_and_no_more() -> None:
    counting = limits()
    readings = [await counting.hit(Rate.LOGIN, "a") for _ in range(3)]
    assert [reading.remaining for reading in readings] == [2, 1, 0]
    with pytest.raises(LimitReached) as reached:
        await counting.hit(Rate.LOGIN, "a")
    assert reached.value.reading.remaining == 0
    assert 1 <= int(reached.value.headers["Retry-After"]) <= 60


async def test_keys_and_classes_are_counted_separately() -> None:
    counting = limits("1/minute")
    await counting.hit(Rate.LOGIN, "a")
    await counting.hit(Rate.LOGIN, "b")
    await counting.hit(Rate.UPLOAD, "a")


async def test_a_request_after_retry_after_is_allowed() -> None:
    counting = limits("2/second")
    for _ in range(2):
        await counting.hit(Rate.LOGIN, "a")
    with pytest.raises(LimitReached) as reached:
        await counting.hit(Rate.LOGIN, "a")
    retry_at = time.monotonic() + int(reached.value.headers["Retry-After"]) + 0.02
    await until(lambda: time.monotonic() > retry_at)
    await counting.hit(Rate.LOGIN, "a")


async def test_concurrent_requests_that_may_fail_stay_within_the_quota() -> None:
    counting = limits("3/minute")
    await counting.hit(Rate.DEFAULT, "a")
    async with counting.room(Rate.DEFAULT, "a"), counting.room(Rate.DEFAULT, "a"):
        with pytest.raises(LimitReached):
            async with counting.room(Rate.DEFAULT, "a"):
                pytest.fail("there was no room")
        async with counting.room(Rate.DEFAULT, "b"):
            pass
    async with counting.room(Rate.DEFAULT, "a"):
        pass


def test_the_headers_are_structured_fields() -> None:
    reading = Reading(Rate.LOGIN, quota=10, window_s=60, remaining=9, reset_s=60)
    assert reading.headers() == {"RateLimit-Policy": '"login";q=10;w=60', "RateLimit": '"login";r=9;t=60'}


async def test_a_clock_set_back_refuses_requests_for_one_window_at_most() -> None:
    clocks = {"wall": 1e9, "monotonic": 0.0}
    windows = MemoryWindows(monotonic=lambda: clocks["monotonic"], wall=lambda: clocks["wall"])
    allowed, stats = await windows.hit(parse("1/minute"), "a")
    assert (allowed, stats.reset_time) == (True, 1e9 + 60)
    clocks.update(wall=1e9 - 3600 + 61, monotonic=61.0)
    assert (await windows.hit(parse("1/minute"), "a"))[0]


async def test_the_number_of_clients_in_memory_is_bounded() -> None:
    windows = MemoryWindows(max_clients=10)
    for n in range(100):
        await windows.hit(parse("1/minute"), f"k{n}")
    assert len(windows) == 10
