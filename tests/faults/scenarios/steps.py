"""Signals at fail points: a process is killed, stopped or frozen between two external steps."""

import asyncio
import signal
import time

from tests.faults.fail_points import role_of
from tests.faults.faulty_system import FaultySystem
from tests.faults.scenarios.processes import ended_well, stopped_within_s
from tests.faults.scenarios.scenario import Break, ScenarioContext
from tests.support.wait import until

# Most points are reached several times a second; one that is not is replaced by another.
HIT_WITHIN_S = 6.0
CHOICES = 4
# A lease, and a round of the sweeper.
TAKEN_OVER_WITHIN_S = 10.0
# Tolerance until the end of a process is noticed.
NOTICED_S = 10.0


def at_a_step(name: str, signum: signal.Signals) -> Break:
    """Arms points until one is hit; False if none was. SIGSTOP lasts longer than the lease."""

    async def inject(context: ScenarioContext) -> bool:
        for _ in range(CHOICES):
            point = context.schedule.draw(name, signum.name)
            is_hit = await _arrived(context, name, point, signum, HIT_WITHIN_S)
            context.schedule.note(name, signum.name, point, is_hit=is_hit)
            if is_hit and await _had_an_effect(context, name, point, signum):
                return True
        return False

    return inject


async def hit(
    context: ScenarioContext, name: str, point: str, signum: signal.Signals, within_s: float = HIT_WITHIN_S
) -> bool:
    """Arms one fail point; returns False if it was not reached in time."""
    if not await _arrived(context, name, point, signum, within_s):
        return False
    await _had_an_effect(context, name, point, signum)
    return True


async def _arrived(
    context: ScenarioContext, name: str, point: str, signum: signal.Signals, within_s: float
) -> bool:
    points = context.system.points(name)
    points.arm(point, signum)
    if role_of(name) == "auth" and point.endswith("take-message"):
        await context.messages.publish_operator_acted()
    try:
        await until(lambda: points.is_hit(point), timeout_s=within_s, what=point)
    except AssertionError:
        return not points.disarm(point)
    return True


async def _had_an_effect(context: ScenarioContext, name: str, point: str, signum: signal.Signals) -> bool:
    """Returns False only for SIGSTOP where another worker had nothing to take over.

    After SIGTERM the process must exit cleanly.
    """
    if signum is signal.SIGSTOP:
        if await _was_taken_over(context.system):
            return True
        context.schedule.stopped_without_effect += 1
        await asyncio.to_thread(context.system.thaw, name)
        return False
    if signum is signal.SIGTERM:
        context.stops.append(time.monotonic())
    began, dead = time.monotonic(), f"{name} to end at {point}"
    bound_s = stopped_within_s(name) + NOTICED_S
    await until(lambda: not context.system.is_alive(name), timeout_s=bound_s, what=dead)
    if signum is signal.SIGTERM:
        ended_well(context.system, name, time.monotonic() - began)
    return True


async def _was_taken_over(system: FaultySystem) -> bool:
    before = system.taken_over()
    try:
        await until(lambda: system.taken_over() > before, timeout_s=TAKEN_OVER_WITHIN_S)
    except AssertionError:
        return False
    return True
