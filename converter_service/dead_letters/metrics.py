"""Metric of waiting dead letters, for alerts."""

import asyncio
from collections.abc import Callable

from converter_service.dead_letters.service import DeadLetterService
from shared.errors import Unavailable
from shared.logs import get_logger

EVERY_S = 10.0


async def watch_waiting(service: DeadLetterService, set_waiting: Callable[[float], None]) -> None:
    """Sets the number of waiting dead letters every EVERY_S until cancelled; unchanged on Unavailable."""
    while True:
        try:
            set_waiting(await service.waiting())
        except Unavailable:
            get_logger(__name__).warning("dead letters not counted: store unavailable")
        await asyncio.sleep(EVERY_S)
