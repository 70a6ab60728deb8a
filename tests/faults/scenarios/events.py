"""What consumers hear: again, in another order, at the same time, and some of no sense."""

from tests.faults.scenarios.scenario import Stage

REPEATED = 20
DOUBLED_S = (3.0, 5.0)


async def repeated(stage: Stage) -> bool:
    return await stage.messages.repeat(REPEATED, stage.dice) > 0


async def at_once(stage: Stage) -> bool:
    """Each event once more in the moment in which it is heard: both workers get the same video, and
    notification_service handles the same result twice at a time.
    """
    async with stage.messages.doubled() as told:
        await stage.some_time(DOUBLED_S)
    return told.count > 0


async def malformed(stage: Stage) -> bool:
    await stage.messages.publish_malformed()
    return True
