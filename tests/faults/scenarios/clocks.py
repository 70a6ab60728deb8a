"""A clock that jumps, as when somebody sets it or a machine learns that it was wrong for long."""

from tests.faults.scenarios.scenario import Break, Stage

JUMP_S = 3600.0


def jumps(name: str) -> Break:
    """By an hour, forwards or back, in one process that works; and back again when the world is healed.
    Monotonic clocks go on as they do in reality.
    """

    async def break_it(stage: Stage) -> bool:
        stage.world.clock(name).shift(stage.dice.choice((JUMP_S, -JUMP_S)))
        await stage.some_time()
        return True

    return break_it
