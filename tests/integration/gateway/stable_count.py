"""Condition that a counter has stopped changing."""

import asyncio
from collections.abc import Awaitable, Callable

STILL_S = 0.5


def is_stable(number: Callable[[], int]) -> Callable[[], Awaitable[bool]]:
    """Condition for `until`: the number is positive and has not changed for STILL_S seconds."""
    seen, since = -1, 0.0

    async def is_still() -> bool:
        nonlocal seen, since
        now = asyncio.get_running_loop().time()
        if number() != seen:
            seen, since = number(), now
        return seen > 0 and now - since > STILL_S

    return is_still
