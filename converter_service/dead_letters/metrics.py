"""Metric of waiting dead letters, for alerts."""

import asyncio
from collections.abc import Callable

from converter_service.dead_letters.service import DeadLetterService
from shared.errors import Unavailable
from shared.logs import get_logger

WATCH_EVERY_S = 10.0

log = get_logger(__name__)


async def watch_waiting(service: DeadLetterService, set_waiting: Callable[[float], None]) -> None:
    """Reports the number of waiting dead letters every WATCH_EVERY_S until cancelled."""
    while True:
        try:
            set_waiting(await service.waiting())
        except Unavailable:
            log.warning("dead letters not counted: store unavailable")
        await asyncio.sleep(WATCH_EVERY_S)
