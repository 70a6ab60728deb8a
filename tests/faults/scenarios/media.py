"""A file that crashes ffmpeg."""

from tests.faults.faulty_system import WORKERS
from tests.faults.scenarios.scenario import ScenarioContext
from tests.faults.traffic import Kind
from tests.support.wait import until

ENDED_WITHIN_S = 60.0
ATTEMPTS = 4


async def crash(context: ScenarioContext) -> bool:
    """Uploads a file that crashes ffmpeg; checks that workers survive and attempts are bounded."""
    system = context.system
    if not system.crashing_ffmpeg.is_available:
        return False
    lives = [system.pid(name) for name in WORKERS]
    upload = await context.traffic.one(Kind.POISON)
    crashing_ffmpeg = str(upload.id)
    await until(
        lambda: system.status_of(crashing_ffmpeg) == "failed",
        timeout_s=ENDED_WITHIN_S,
        what=f"{crashing_ffmpeg} to end",
    )
    attempts = int(system.document_of(crashing_ffmpeg)["attempts"])
    assert attempts <= ATTEMPTS, f"{attempts} attempts at {crashing_ffmpeg}"
    assert [system.pid(name) for name in WORKERS] == lives, "a worker died of a file"
    return True
