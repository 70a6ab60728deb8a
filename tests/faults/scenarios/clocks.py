"""A clock that jumps, as when somebody sets it or a machine learns that it was wrong for long."""

from tests.faults.scenarios.scenario import Break, ScenarioContext

JUMP_S = 3600.0


def jumps(name: str) -> Break:
    """By an hour, forwards or back, in one process that works; and back again when the system is healed.
    Monotonic clocks go on as they do in reality.
    """

    async def inject(context: ScenarioContext) -> bool:
        context.system.clock(name).shift(context.rng.choice((JUMP_S, -JUMP_S)))
        await context.pause()
        return True

    return inject
