"""A file that kills whoever looks into it."""

from tests.faults.faulty_system import WORKERS
from tests.faults.scenarios.scenario import Stage
from tests.faults.traffic import Kind
from tests.support.wait import until

ENDED_WITHIN_S = 60.0
ATTEMPTS = 4


async def crash(stage: Stage) -> bool:
    """ffmpeg dies of it each time, in whichever worker. That it failed, and told so once, is looked at with
    everything else; here, that nobody else died of it and that there was an end to trying.
    """
    world = stage.world
    if not world.poison.is_laid:
        return False
    lives = [world.pid(name) for name in WORKERS]
    upload = await stage.traffic.one(Kind.POISON)
    poison = str(upload.id)
    await until(
        lambda: world.status_of(poison) == "failed", timeout_s=ENDED_WITHIN_S, what=f"{poison} to end"
    )
    attempts = int(world.document_of(poison)["attempts"])
    assert attempts <= ATTEMPTS, f"{attempts} attempts at {poison}"
    assert [world.pid(name) for name in WORKERS] == lives, "a worker died of a file"
    return True
