"""What consumers hear: again, in another order, at the same time, and some of no sense."""

from tests.faults.scenarios.scenario import ScenarioContext

REPEATED = 20
DOUBLED_S = (3.0, 5.0)


async def repeated(context: ScenarioContext) -> bool:
    return await context.messages.repeat(REPEATED, context.rng) > 0


async def at_once(context: ScenarioContext) -> bool:
    """Each event once more in the moment in which it is heard: both workers get the same video, and
    notification_service handles the same result twice at a time.
    """
    async with context.messages.doubled() as told:
        await context.pause(DOUBLED_S)
    return told.count > 0


async def malformed(context: ScenarioContext) -> bool:
    await context.messages.publish_malformed()
    return True
