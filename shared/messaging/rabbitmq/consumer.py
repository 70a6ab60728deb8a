"""Consumer of one queue: subscribes on every connection, runs handlers in tasks, stops gracefully."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Protocol

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from shared.logs import get_logger
from shared.messaging.delivery_history import describe
from shared.messaging.errors import NotReady
from shared.messaging.handler_pool import HandlerPool
from shared.messaging.metrics import MessageMetrics
from shared.messaging.rabbitmq.connection import Connection, ReportLoss
from shared.messaging.rabbitmq.queue_length import QueueLength
from shared.messaging.rabbitmq.settlement import SETTLEMENT_TIMEOUT_S, is_lost, requeue
from shared.messaging.rabbitmq.timeouts import Timing

log = get_logger(__name__)


class ConsumedQueue(Protocol):
    """A queue, and how its messages are handled. The length of one that is not durable is not measured."""

    name: str
    prefetch: int
    is_durable: bool

    async def declare(self, channel: AbstractChannel) -> AbstractQueue:
        """Declares the queue and its bindings."""

    async def subscribed(self) -> None:
        """Called each time consuming has begun."""

    async def handle(self, message: AbstractIncomingMessage) -> str:
        """Handles and settles the message; returns the outcome, a value of the metrics' label.

        If cancelled, the consumer settles it.
        """


class RabbitConsumer:
    """Uses a connection of its own, so that a blocked publisher does not delay acknowledgements."""

    def __init__(
        self, url: str, process: str, queue: ConsumedQueue, timing: Timing, metrics: MessageMetrics
    ) -> None:
        self._queue, self._metrics = queue, metrics
        metrics.consumes(queue.name)
        self._connection = Connection(url, f"{process}/{queue.name}", self._subscribe, timing)
        self._handlers = HandlerPool(queue.prefetch)
        self._stopping = asyncio.Event()
        self._over = asyncio.Event()
        self._started = False
        self._grace_s = 0.0
        self._unsubscribe: Callable[[], Awaitable[object]] | None = None

    async def run(self) -> None:
        self._started = True
        try:
            async with self._connection, self._measured():
                try:
                    await self._stopping.wait()
                    await self._stop_deliveries()
                    await self._handlers.drain(self._grace_s)
                finally:
                    await self._handlers.drain(0)
        finally:
            self._over.set()

    async def stop(self, grace: timedelta) -> None:
        self._grace_s = grace.total_seconds()
        self._stopping.set()
        if self._started:
            await self._over.wait()

    async def ready(self) -> None:
        await self._connection.ready()

    async def check(self) -> None:
        if self._stopping.is_set():
            raise NotReady("stopping")
        await self._connection.check()

    def consumed_for(self) -> timedelta:
        return timedelta() if self._stopping.is_set() else self._connection.up_for()

    async def _subscribe(self, channel: AbstractChannel, lose: ReportLoss) -> None:
        self._handlers.cancel_waiting()
        queue = await self._queue.declare(channel)
        await channel.set_qos(prefetch_count=self._queue.prefetch)
        if self._stopping.is_set():
            return
        underlay = await channel.get_underlay_channel()
        # The broker cancels a consumer when its queue is deleted or becomes unavailable.
        underlay.on_consumer_cancel_callbacks.add(lambda _: lose("the broker cancelled the consumer"))
        tag = await queue.consume(self._receive)
        self._unsubscribe = lambda: queue.cancel(tag)
        if self._stopping.is_set():  # `run` was earlier, and found nothing to cancel
            await self._stop_deliveries()
            return
        await self._queue.subscribed()

    async def _stop_deliveries(self) -> None:
        """Cancels the subscription; `_receive` requeues messages that are already on their way."""
        if self._unsubscribe is None:
            return
        try:
            async with asyncio.timeout(SETTLEMENT_TIMEOUT_S):
                await self._unsubscribe()
        except Exception as error:  # noqa: BLE001, the connection is closed next in any case
            log.warning("unsubscribing failed", queue=self._queue.name, reason=describe(error))

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        """Starts a task: aiormq cancels its callbacks when the channel closes, but handlers must finish."""
        if self._stopping.is_set():
            await requeue(message)
            return
        self._handlers.start(lambda: self._handle(message), lambda: requeue(message))

    async def _handle(self, message: AbstractIncomingMessage) -> None:
        if self._stopping.is_set():
            await requeue(message)
        elif not is_lost(message):
            with self._metrics.handling(self._queue.name, message.timestamp) as handling:
                handling.outcome = await self._queue.handle(message)

    def _measured(self) -> AbstractAsyncContextManager[None]:
        """Measures the queue's length during a block."""
        if not self._queue.is_durable:
            return contextlib.nullcontext()
        length = QueueLength(self._connection, self._queue.name)
        return length.measured(self._metrics.waiting.labels(self._queue.name).set)
