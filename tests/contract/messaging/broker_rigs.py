"""Brokers under test, with access behind the port: raw messages in, dead letters out."""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Protocol

import aio_pika
import msgspec

from shared.contracts.events import VideoUploaded
from shared.messaging.ports import Broker, Subscription
from shared.messaging.rabbitmq.broker import RabbitMQ
from shared.messaging.rabbitmq.topology import Names
from tests.support.messaging import MemoryBroker

FAST = Subscription(
    queue="test.subscription",
    events=(VideoUploaded,),
    max_attempts=3,
    retry_tiers=(timedelta(milliseconds=50), timedelta(milliseconds=200)),
    handling_timeout=timedelta(seconds=20),
)


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    body: bytes
    queue: str
    reason: str
    history: tuple[str, ...]


class Rig(Protocol):
    def process(self, *subscriptions: Subscription) -> AbstractAsyncContextManager[Broker]:
        """A broker for one process; all brokers of a rig share queues."""

    async def put(self, queue: str, body: bytes) -> None: ...

    async def dead_letters(self) -> list[DeadLetter]:
        """Returns the dead letters since the previous call."""


class MemoryRig:
    def __init__(self) -> None:
        self._broker = MemoryBroker(())
        self._returned = 0

    def process(self, *subscriptions: Subscription) -> AbstractAsyncContextManager[Broker]:
        for subscription in subscriptions:
            self._broker.queue_of(subscription)
        return self._broker

    async def put(self, queue: str, body: bytes) -> None:
        await self._broker.put(queue, body)

    async def dead_letters(self) -> list[DeadLetter]:
        new, self._returned = self._broker.dead_letters[self._returned :], len(self._broker.dead_letters)
        return [
            DeadLetter(body=each.body, queue=each.queue, reason=each.reason, history=each.history)
            for each in new
        ]


class RabbitRig:
    def __init__(self, url: str) -> None:
        self.url = url

    def process(self, *subscriptions: Subscription) -> AbstractAsyncContextManager[Broker]:
        return RabbitMQ(self.url, "test", subscriptions)

    async def put(self, queue: str, body: bytes) -> None:
        async with await aio_pika.connect(self.url) as connection:
            channel = await connection.channel()
            await channel.default_exchange.publish(aio_pika.Message(body), routing_key=queue)

    async def dead_letters(self) -> list[DeadLetter]:
        async with await aio_pika.connect(self.url) as connection:
            channel = await connection.channel()
            queue = await channel.get_queue(Names().dead_letters)
            return await drained(queue)


async def drained(queue: aio_pika.abc.AbstractQueue) -> list[DeadLetter]:
    letters = []
    while (message := await queue.get(fail=False, no_ack=True)) is not None:
        history = message.headers.get("x-tonegate-history")
        letters.append(
            DeadLetter(
                body=message.body,
                queue=str(message.headers.get("x-tonegate-queue") or message.routing_key),
                reason=str(message.headers.get("x-tonegate-reason", "")),
                history=tuple(map(str, history)) if isinstance(history, list) else (),
            )
        )
    return letters


def quick_subscription(queue: str = "test.subscription", **changes: object) -> Subscription:
    """A subscription to VideoUploaded with very short retry tiers."""
    return msgspec.structs.replace(FAST, queue=queue, **changes)
