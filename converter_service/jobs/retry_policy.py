"""Retry policy: which failed runs count as attempts, and the delay before the next one."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from converter_service.media.errors import MachineUnfit, TranscoderUnavailable
from shared.errors import Unavailable
from shared.logs import get_logger

P = ParamSpec("P")
T = TypeVar("T")
FIRST_DELAY_S, LONGEST_DELAY_S = 2.0, 120.0
# After a killed program or a broken result: the machine may be short of a resource.
FIRST_KILLED_DELAY_S, LONGEST_KILLED_DELAY_S = 15.0, 600.0
FIRST_UNFIT_DELAY_S, LONGEST_UNFIT_DELAY_S = 15.0, 600.0
# For this long after a conversion's first run, errors of the machine do not count as attempts.
UNFIT_AT_MOST = timedelta(hours=6)
STORE_DELAYS_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0)


def is_machine_error(error: BaseException | None) -> bool:
    """Whether any other video would have failed with this error on this machine, too."""
    if isinstance(error, TimeoutError | ConnectionError):
        return False
    return isinstance(error, MachineUnfit | Unavailable | OSError)


def counts_as_attempt(error: BaseException | None, waited: timedelta) -> bool:
    """Whether a failed run uses up an attempt; `waited` is the time since the first run began."""
    return waited > UNFIT_AT_MOST or not is_machine_error(error)


def delay_s(error: BaseException | None, attempts: int, waited: timedelta) -> float:
    """Seconds until the next run, with jitter. Grows with attempts, or with `waited` for machine errors."""
    if is_machine_error(error):
        delay = min(LONGEST_UNFIT_DELAY_S, max(FIRST_UNFIT_DELAY_S, waited.total_seconds() / 2))
    elif isinstance(error, TranscoderUnavailable):
        delay = min(LONGEST_KILLED_DELAY_S, FIRST_KILLED_DELAY_S * 4 ** (attempts - 1))
    else:
        delay = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** (attempts - 1))
    return delay * random.uniform(0.75, 1.25)  # noqa: S311, jitter


def retry_unavailable(step: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Decorator of an idempotent step: retries it for about two minutes while it raises Unavailable.

    A short outage of the store then does not waste minutes of conversion.
    """

    @wraps(step)
    async def retried(*args: P.args, **kwargs: P.kwargs) -> T:
        for delay in STORE_DELAYS_S:
            try:
                return await step(*args, **kwargs)
            except Unavailable:
                get_logger(__name__).warning("store unavailable, retrying", retry_in_s=delay)
                await asyncio.sleep(delay)
        return await step(*args, **kwargs)

    return retried
