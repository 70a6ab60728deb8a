"""A process in the middle of its work, between two of the steps that it takes outside itself."""

import contextlib
import signal

from tests.faults.scenarios.stage import Break, Stage
from tests.faults.world import World
from tests.support.wait import until

# Most points are passed several times a second. One that nobody comes by makes room for another.
HIT_WITHIN_S = 6.0
CHOICES = 4
# A lease, and a round of the sweeper.
TAKEN_OVER_WITHIN_S = 15.0
# A worker or a mailer may end what it is at; docs/operations.md promises less than this.
STOPPED_WITHIN_S = 60.0


def at_a_step(name: str, fate: signal.Signals) -> Break:
    """Whichever traffic comes by first. False when nobody came by any of the points that were tried.

    Who sleeps there does so for longer than its lease: it wakes as a zombie.
    """

    async def break_it(stage: Stage) -> bool:
        for _ in range(CHOICES):
            point = stage.deck.draw(name, fate.name)
            is_hit = await hit(stage, name, point, fate)
            stage.deck.note(name, fate.name, point, is_hit=is_hit)
            if is_hit:
                return True
        return False

    return break_it


async def hit(
    stage: Stage, name: str, point: str, fate: signal.Signals, within_s: float = HIT_WITHIN_S
) -> bool:
    """False when nobody came by in time."""
    points = stage.world.points(name)
    points.arm(point, fate)
    try:
        await until(lambda: points.is_hit(point), timeout_s=within_s, what=point)
    except AssertionError:
        if points.disarm(point):
            return False
    if fate is signal.SIGSTOP:
        await _until_somebody_else_did_it(stage.world)
    else:
        dead = f"{name} to end at {point}"
        await until(lambda: not stage.world.is_alive(name), timeout_s=STOPPED_WITHIN_S, what=dead)
    return True


async def _until_somebody_else_did_it(world: World) -> None:
    """Or for long enough: not at every step does a sleeper hold something."""
    before = world.taken_over()
    with contextlib.suppress(AssertionError):
        await until(lambda: world.taken_over() > before, timeout_s=TAKEN_OVER_WITHIN_S)
