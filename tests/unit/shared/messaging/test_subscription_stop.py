"""RabbitConsumer whose stop begins while it subscribes."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, cast

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from prometheus_client import CollectorRegistry

from shared.messaging.metrics import MessageMetrics
from shared.messaging.rabbitmq.consumer import RabbitConsumer
from shared.messaging.rabbitmq.timeouts import Timing


class StoppingQueue:
    """A queue of the broker: the consumer is stopped before the answer to its subscription arrives."""

    name, prefetch, is_durable = "test", 1, False

    def __init__(self) -> None:
        self.consumer: RabbitConsumer | None = None
        self.subscriptions: set[str] = set()

    async def declare(self, _: AbstractChannel) -> AbstractQueue:
        return cast("AbstractQueue", self)

    async def subscribed(self) -> None: ...

    async def handle(self, message: AbstractIncomingMessage) -> str:
        return "handled"

    async def consume(self, _: Callable[[AbstractIncomingMessage], Awaitable[None]]) -> str:
        assert self.consumer is not None
        await self.consumer.stop(timedelta())
        self.subscriptions.add("tag")
        return "tag"

    async def cancel(self, tag: str) -> None:
        self.subscriptions.discard(tag)


class Channel:
    """What a subscription needs of a channel."""

    def __init__(self) -> None:
        self.on_consumer_cancel_callbacks: set[Callable[[Any], None]] = set()

    async def set_qos(self, prefetch_count: int) -> None: ...

    async def get_underlay_channel(self) -> "Channel":
        return self


async def test_a_subscription_that_begins_during_a_stop_is_ended() -> None:
    """While the last handlers run, each message would be returned and delivered again and again, and become a
    dead letter before RabbitMQ 4.3.
    """
    queue = StoppingQueue()
    queue.consumer = RabbitConsumer(
        "amqp://localhost", "test", queue, Timing(), MessageMetrics(CollectorRegistry())
    )
    await queue.consumer._subscribe(cast("AbstractChannel", Channel()), lambda _: None)
    assert queue.subscriptions == set()
