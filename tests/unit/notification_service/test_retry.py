"""Retries while a store is unavailable."""

from datetime import timedelta

import pytest

from notification_service.retry import redeliver_when_unavailable, retry_unavailable
from shared.errors import Unavailable
from shared.messaging.errors import Retry

PAUSE = timedelta(milliseconds=1)


class Failing:
    """A call that raises `error` the first `failures` times and counts its calls."""

    def __init__(self, failures: int, error: type[Exception] = Unavailable) -> None:
        self._failures, self._error = failures, error
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self._failures:
            raise self._error
        return "result"


async def test_a_call_is_repeated_until_it_succeeds() -> None:
    call = Failing(3)
    assert await retry_unavailable(call, timeout=timedelta(seconds=30), pause=PAUSE) == "result"
    assert call.calls == 4


async def test_the_error_is_raised_after_the_timeout() -> None:
    with pytest.raises(Unavailable):
        await retry_unavailable(Failing(10_000), timeout=timedelta(), pause=PAUSE)


async def test_another_error_is_raised_at_once() -> None:
    call = Failing(1, RuntimeError)
    with pytest.raises(RuntimeError):
        await retry_unavailable(call, timeout=timedelta(seconds=30), pause=PAUSE)
    assert call.calls == 1


def test_an_event_is_redelivered_uncounted_while_the_store_is_unavailable() -> None:
    with pytest.raises(Retry) as retry, redeliver_when_unavailable():
        raise Unavailable
    assert not retry.value.counts
