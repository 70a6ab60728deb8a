"""The life of a consumer: subscribe on every connection, hand messages to tasks, end in good order."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from shared.logs import get_logger
from shared.messaging.delivery_history import describe
from shared.messaging.errors import NotReady
from shared.messaging.handler_pool import Slots
from shared.messaging.rabbitmq.connection import Link, Lose, Timing
from shared.tasks import asked_to_end

log = get_logger(__name__)

ANSWER_TIMEOUT_S = 10.0


class Source(Protocol):
    """What is consumed, and what becomes of each message."""

    name: str
    prefetch: int

    async def declare(self, channel: AbstractChannel) -> AbstractQueue:
        """Make sure that the queue and its bindings are there."""

    async def subscribed(self) -> None:
        """Runs each time consuming has begun."""

    async def handle(self, message: AbstractIncomingMessage) -> None:
        """Do the work and answer the broker. Cancelled, it leaves the answer to the caller."""


class RabbitConsumer:
    """Has a connection of its own, so that a blocked publisher never holds up an acknowledgement."""

    def __init__(self, url: str, process: str, source: Source, timing: Timing) -> None:
        self._source = source
        self._link = Link(url, f"{process}/{source.name}", self._subscribe, timing)
        self._slots = Slots(source.prefetch)
        self._stopping = asyncio.Event()
        self._over = asyncio.Event()
        self._started = False
        self._grace_s = 0.0
        self._unsubscribe: Callable[[], Awaitable[object]] | None = None

    async def run(self) -> None:
        self._started = True
        try:
            async with self._link:
                try:
                    await self._stopping.wait()
                    await self._take_nothing_new()
                    await self._slots.drain(self._grace_s)
                finally:
                    await self._slots.drain(0)
        finally:
            self._over.set()

    async def stop(self, grace: timedelta) -> None:
        self._grace_s = grace.total_seconds()
        self._stopping.set()
        if self._started:
            await self._over.wait()

    async def ready(self) -> None:
        await self._link.ready()

    async def check(self) -> None:
        if self._stopping.is_set():
            raise NotReady("stopping")
        await self._link.check()

    async def _subscribe(self, channel: AbstractChannel, lose: Lose) -> None:
        self._slots.forget_waiting()
        queue = await self._source.declare(channel)
        await channel.set_qos(prefetch_count=self._source.prefetch)
        if self._stopping.is_set():
            return
        underlay = await channel.get_underlay_channel()
        # The broker ends a consumer by itself when its queue is deleted or becomes unavailable.
        underlay.on_consumer_cancel_callbacks.add(lambda _: lose("the broker cancelled the consumer"))
        tag = await queue.consume(self._receive)
        self._unsubscribe = lambda: queue.cancel(tag)
        await self._source.subscribed()

    async def _take_nothing_new(self) -> None:
        """Messages already on their way are handed back by `_receive`."""
        if self._unsubscribe is None:
            return
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await self._unsubscribe()
        except Exception as error:  # noqa: BLE001, whatever went wrong, the connection is closed next
            log.warning("unsubscribing failed", queue=self._source.name, reason=describe(error))

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        """Only starts the work: aiormq cancels its callbacks when the channel closes, handlers must go on."""
        if self._stopping.is_set():
            await hand_back(message)
            return
        self._slots.start(lambda: self._work(message), lambda: hand_back(message))

    async def _work(self, message: AbstractIncomingMessage) -> None:
        if self._stopping.is_set():
            await hand_back(message)
        elif not is_lost(message):
            await self._source.handle(message)


def is_lost(message: AbstractIncomingMessage) -> bool:
    """Its channel is gone: no answer is possible, and the broker delivers it again."""
    with contextlib.suppress(Exception):
        return message.channel.is_closed
    return True


async def hand_back(message: AbstractIncomingMessage) -> None:
    """The message did nothing wrong: since 4.3 basic.nack does not count against its delivery limit."""
    if not is_lost(message):
        await answer(message.nack(requeue=True))


async def answer(reply: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            await reply
    except asyncio.CancelledError:
        if asked_to_end():
            raise
    except Exception as error:  # noqa: BLE001, an answer that did not get through is no answer
        log.warning("answer came too late, the message comes again", reason=describe(error))
