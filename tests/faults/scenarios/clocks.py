"""Wall clock jumps, as when an administrator or NTP sets the clock."""

from tests.faults.scenarios.scenario import Break, ScenarioContext

JUMP_S = 3600.0


def jumps(name: str) -> Break:
    """Shifts the clock of one process by an hour forwards or back, until the system is healed.

    Monotonic clocks are not affected.
    """

    async def inject(context: ScenarioContext) -> bool:
        context.system.clock(name).shift(context.rng.choice((JUMP_S, -JUMP_S)))
        await context.pause()
        return True

    return inject
