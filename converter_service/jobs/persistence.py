"""Minutes of conversion are not thrown away because the store is gone for a moment."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.errors import Unavailable
from shared.logs import get_logger

T = TypeVar("T")
STORE_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0)


async def persistently(step: Callable[[], Awaitable[T]]) -> T:
    """What `step` returns, tried again for some two minutes. Then it raises Unavailable."""
    for pause_s in STORE_PAUSES_S:
        try:
            return await step()
        except Unavailable:
            get_logger(__name__).warning("store is away, trying again", again_in_s=pause_s)
            await asyncio.sleep(pause_s)
    return await step()
