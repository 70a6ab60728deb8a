"""Concurrency limit and draining of the handler pool."""

import asyncio

from shared.messaging.handler_pool import HandlerPool
from tests.support.wait import until


class Work:
    """Work that runs until released, and records how it ended."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.state = "waiting"

    async def run(self) -> None:
        self.state = "running"
        await self.let_go.wait()
        self.state = "done"

    async def cancelled(self) -> None:
        self.state = f"cancelled while {self.state}"

    def start_in(self, slots: HandlerPool) -> None:
        slots.start(self.run, self.cancelled)


async def test_work_beyond_the_slots_waits_in_order() -> None:
    slots = HandlerPool(1)
    works = [Work(), Work(), Work()]
    for work in works:
        work.start_in(slots)
    for number, work in enumerate(works):
        await until(lambda work=work: work.state == "running", what=f"number {number} runs")  # type: ignore[misc]
        assert [each.state for each in works[number + 1 :]] == ["waiting"] * (2 - number)
        work.let_go.set()
    await slots.drain(5)
    assert [each.state for each in works] == ["done"] * 3


async def test_draining_waits_within_the_grace() -> None:
    slots, work = HandlerPool(1), Work()
    work.start_in(slots)
    draining = asyncio.create_task(slots.drain(20))
    await until(lambda: work.state == "running", what="it runs")
    work.let_go.set()
    await draining
    assert work.state == "done"


async def test_draining_cancels_started_and_waiting_work() -> None:
    slots, running, waiting = HandlerPool(1), Work(), Work()
    running.start_in(slots)
    waiting.start_in(slots)
    await slots.drain(0)
    assert running.state == "cancelled while running"
    assert waiting.state == "cancelled while waiting"


async def test_dropping_waiting_work_does_not_affect_running_work() -> None:
    slots, running, waiting, later = HandlerPool(1), Work(), Work(), Work()
    running.start_in(slots)
    waiting.start_in(slots)
    await until(lambda: running.state == "running", what="it runs")
    slots.cancel_waiting()
    later.start_in(slots)
    running.let_go.set()
    later.let_go.set()
    await slots.drain(5)
    assert (running.state, later.state) == ("done", "done")
    assert waiting.state == "cancelled while waiting"
