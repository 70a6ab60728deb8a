"""A process in the middle of its work, between two of the steps that it takes outside itself."""

import asyncio
import signal
import time

from tests.faults.fail_points import role_of
from tests.faults.faulty_system import World
from tests.faults.scenarios.processes import ended_well, stopped_within_s
from tests.faults.scenarios.scenario import Break, Stage
from tests.support.wait import until

# Most points are passed several times a second. One that nobody comes by makes room for another.
HIT_WITHIN_S = 6.0
CHOICES = 4
# A lease, and a round of the sweeper.
TAKEN_OVER_WITHIN_S = 10.0
# What this machine adds before it is noticed that somebody has ended.
NOTICED_S = 10.0


def at_a_step(name: str, fate: signal.Signals) -> Break:
    """Whichever traffic comes by first. False when nobody came by any of the points that were tried.

    Who sleeps there does so for longer than its lease: it wakes as a zombie.
    """

    async def break_it(stage: Stage) -> bool:
        for _ in range(CHOICES):
            point = stage.deck.draw(name, fate.name)
            is_hit = await _arrived(stage, name, point, fate, HIT_WITHIN_S)
            stage.deck.note(name, fate.name, point, is_hit=is_hit)
            if is_hit and await _had_an_effect(stage, name, point, fate):
                return True
        return False

    return break_it


async def hit(
    stage: Stage, name: str, point: str, fate: signal.Signals, within_s: float = HIT_WITHIN_S
) -> bool:
    """False when nobody came by in time."""
    if not await _arrived(stage, name, point, fate, within_s):
        return False
    await _had_an_effect(stage, name, point, fate)
    return True


async def _arrived(stage: Stage, name: str, point: str, fate: signal.Signals, within_s: float) -> bool:
    points = stage.world.points(name)
    points.arm(point, fate)
    if role_of(name) == "auth" and point.endswith("take-message"):
        await stage.messages.say_that_an_operator_acted()
    try:
        await until(lambda: points.is_hit(point), timeout_s=within_s, what=point)
    except AssertionError:
        return not points.disarm(point)
    return True


async def _had_an_effect(stage: Stage, name: str, point: str, fate: signal.Signals) -> bool:
    """Always, but for a sleeper whose work nobody had to take over: not at every step does it hold any. Told
    to stop, a process has to end well.
    """
    if fate is signal.SIGSTOP:
        if await _somebody_else_did_it(stage.world):
            return True
        stage.deck.slept_in_vain += 1
        await asyncio.to_thread(stage.world.thaw, name)
        return False
    began, dead = time.monotonic(), f"{name} to end at {point}"
    bound_s = stopped_within_s(name) + NOTICED_S
    await until(lambda: not stage.world.is_alive(name), timeout_s=bound_s, what=dead)
    if fate is signal.SIGTERM:
        ended_well(stage.world, name, time.monotonic() - began)
    return True


async def _somebody_else_did_it(world: World) -> bool:
    before = world.taken_over()
    try:
        await until(lambda: world.taken_over() > before, timeout_s=TAKEN_OVER_WITHIN_S)
    except AssertionError:
        return False
    return True
