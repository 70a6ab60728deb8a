"""Any process at any moment: killed, stopped, frozen."""

import asyncio

from tests.faults.scenarios.stage import Break, Stage
from tests.faults.world import SERVICES

# Longer than a lease, so that whoever thaws is a zombie.
FROZEN_S = (4.0, 6.0)


def killed(name: str) -> Break:
    async def break_it(stage: Stage) -> bool:
        await asyncio.to_thread(stage.world.kill, name)
        await stage.some_time((0.0, 1.0))
        return True

    return break_it


async def all_killed(stage: Stage) -> bool:
    for name in SERVICES:
        await asyncio.to_thread(stage.world.kill, name)
    return True


def stopped(name: str) -> Break:
    async def break_it(stage: Stage) -> bool:
        await asyncio.to_thread(stage.world.stop, name)
        return True

    return break_it


async def rolling(stage: Stage) -> bool:
    """Every service, while the others go on; where there are two of a kind the second follows the first."""
    for name in SERVICES:
        await asyncio.to_thread(stage.world.stop, name)
        await asyncio.to_thread(stage.world.start, name)
    return True


def frozen(name: str) -> Break:
    async def break_it(stage: Stage) -> bool:
        stage.world.freeze(name)
        await stage.some_time(FROZEN_S)
        return True

    return break_it
