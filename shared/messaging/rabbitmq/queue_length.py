"""Length of a durable queue, measured again and again while its consumer runs."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiormq.exceptions import ChannelAccessRefused

from shared.logs import get_logger
from shared.messaging.delivery_history import describe
from shared.messaging.rabbitmq.connection import Connection
from shared.metrics import SAMPLE_EVERY_S
from shared.tasks import cancel_all, cancel_requested

log = get_logger(__name__)


class QueueLength:
    """Asks the broker every SAMPLE_EVERY_S."""

    def __init__(self, connection: Connection, queue: str) -> None:
        self._connection, self._queue = connection, queue

    @asynccontextmanager
    async def measured(self, set_length: Callable[[float], None]) -> AsyncIterator[None]:
        """Calls `set_length` during the block: with the length, or with NaN while it is unknown."""
        task = asyncio.create_task(self._measure(set_length))
        try:
            yield
        finally:
            await cancel_all([task])

    async def _measure(self, set_length: Callable[[float], None]) -> None:
        set_length(math.nan)
        await self._connection.ready()
        while not cancel_requested():
            try:
                set_length(await self._connection.count_messages(self._queue))
            except ChannelAccessRefused:
                log.warning("queue length not measured: the broker refuses it", queue=self._queue)
                return
            except asyncio.CancelledError:
                if cancel_requested():
                    raise
                set_length(math.nan)  # the library's answer to a lost connection
            except Exception as error:  # noqa: BLE001, a lost connection is logged where it is restored
                set_length(math.nan)
                log.debug("queue length not measured", queue=self._queue, reason=describe(error))
            await asyncio.sleep(SAMPLE_EVERY_S)
