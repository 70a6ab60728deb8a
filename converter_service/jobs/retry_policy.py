"""What a run that came to nothing costs its video: one of its tries, or only time."""

import random
from datetime import timedelta

from converter_service.media.transcoder import MachineUnfit, TranscoderUnavailable
from shared.errors import Unavailable

FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 120.0
# Of a run that was killed or whose result was broken: the machine may be short of something.
FIRST_KILLED_PAUSE_S = 15.0
LONGEST_KILLED_PAUSE_S = 600.0
# For so long after its first run a video waits for a machine that is fit again.
UNFIT_AT_MOST = timedelta(hours=6)
FIRST_UNFIT_PAUSE_S = 15.0
LONGEST_UNFIT_PAUSE_S = 600.0


def is_the_machines(fault: BaseException | None) -> bool:
    """No video would have fared better: none may be charged with it."""
    if isinstance(fault, TimeoutError | ConnectionError):
        return False
    return isinstance(fault, MachineUnfit | Unavailable | OSError)


def is_charged(fault: BaseException | None, waited: timedelta) -> bool:
    """`waited`: since its first run began."""
    return waited > UNFIT_AT_MOST or not is_the_machines(fault)


def pause_after(fault: BaseException | None, attempts: int, waited: timedelta) -> float:
    """Seconds until the next run. Grows with the attempts, or with the time waited if none is charged."""
    if is_the_machines(fault):
        pause = min(LONGEST_UNFIT_PAUSE_S, max(FIRST_UNFIT_PAUSE_S, waited.total_seconds() / 2))
    elif isinstance(fault, TranscoderUnavailable):
        pause = min(LONGEST_KILLED_PAUSE_S, FIRST_KILLED_PAUSE_S * 4 ** (attempts - 1))
    else:
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (attempts - 1))
    return pause * random.uniform(0.75, 1.25)  # noqa: S311, jitter
