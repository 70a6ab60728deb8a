"""Repeated, reordered, concurrent and malformed messages."""

from tests.faults.scenarios.scenario import ScenarioContext

REPEATED = 20
DOUBLED_S = (3.0, 5.0)


async def repeated(context: ScenarioContext) -> bool:
    return await context.messages.repeat(REPEATED, context.rng) > 0


async def at_once(context: ScenarioContext) -> bool:
    """Publishes each event again on receipt: both workers get the same video, and notification_service
    handles the same result twice concurrently.
    """
    async with context.messages.doubled() as repetitions:
        await context.pause(DOUBLED_S)
    return repetitions.count > 0


async def malformed(context: ScenarioContext) -> bool:
    await context.messages.publish_malformed()
    return True
