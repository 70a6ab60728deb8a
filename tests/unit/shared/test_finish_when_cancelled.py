"""Steps that a cancellation must not cut in half."""

import asyncio

import pytest

from shared.tasks import finish_when_cancelled

LONG_S = 60.0


class Step:
    """A step with two halves; the second one waits for `go`."""

    def __init__(self) -> None:
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        self.halves = 0

    async def work(self) -> int:
        self.halves = 1
        self.begun.set()
        await self.go.wait()
        self.halves = 2
        return self.halves


async def test_a_step_returns_its_result() -> None:
    step = Step()
    step.go.set()
    assert await finish_when_cancelled(step.work(), LONG_S) == 2


async def test_a_step_ends_although_its_task_is_cancelled_again_and_again() -> None:
    step = Step()
    task = asyncio.create_task(finish_when_cancelled(step.work(), LONG_S))
    await step.begun.wait()
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    step.go.set()
    await asyncio.wait({task}, timeout=LONG_S)
    assert (task.cancelled(), step.halves) == (True, 2)


async def test_a_step_that_exceeds_its_grace_is_cancelled() -> None:
    step = Step()
    task = asyncio.create_task(finish_when_cancelled(step.work(), 0))
    await step.begun.wait()
    task.cancel()
    await asyncio.wait({task}, timeout=LONG_S)
    assert (task.cancelled(), step.halves) == (True, 1)


async def test_an_error_of_a_step_is_raised() -> None:
    async def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await finish_when_cancelled(fail(), LONG_S)
