"""How many dead letters wait, told every few seconds, so that somebody can be called."""

import asyncio
from collections.abc import Callable

from converter_service.dead_letters.service import DeadLetterService
from shared.errors import Unavailable
from shared.logs import get_logger

EVERY_S = 10.0


async def watch(dead_letter_service: DeadLetterService, tell: Callable[[float], None]) -> None:
    """For ever. While the store is away the last number stands."""
    while True:
        try:
            tell(await dead_letter_service.waiting())
        except Unavailable:
            get_logger(__name__).warning("dead letters cannot be counted")
        await asyncio.sleep(EVERY_S)
