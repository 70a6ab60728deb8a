"""Watching a number until it stands still."""

import asyncio
from collections.abc import Awaitable, Callable

STILL_S = 0.5


def settled(number: Callable[[], int]) -> Callable[[], Awaitable[bool]]:
    """A condition for `until`: the number is not zero and has not changed for a while."""
    seen, since = -1, 0.0

    async def is_still() -> bool:
        nonlocal seen, since
        now = asyncio.get_running_loop().time()
        if number() != seen:
            seen, since = number(), now
        return seen > 0 and now - since > STILL_S

    return is_still
