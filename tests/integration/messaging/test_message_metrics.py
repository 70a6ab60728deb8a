"""Metrics of messages that go through RabbitMQ."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from shared.contracts.events import VideoUploaded
from shared.messaging.envelope import wrap
from shared.messaging.errors import Reject
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.ports import Subscription
from shared.messaging.rabbitmq import queue_length
from shared.messaging.rabbitmq.broker import RabbitMQ
from tests.support.metrics import value
from tests.support.wait import until

QUEUE = Subscription(queue="test.metrics", events=(VideoUploaded,), retry_tiers=(timedelta(seconds=0.1),))


class Worker:
    """Handles one message at a time once `goes_on` is set; rejects the conversion `bad`."""

    def __init__(self) -> None:
        self.goes_on = asyncio.Event()

    async def handle(self, event: VideoUploaded, _: Delivery) -> None:
        await self.goes_on.wait()
        if event.conversion_id == "bad":
            raise Reject("not wanted")


@asynccontextmanager
async def consumed(url: str, registry: CollectorRegistry, worker: Worker) -> AsyncIterator[RabbitMQ]:
    async with RabbitMQ(url, "test", (QUEUE,), registry=registry) as broker:
        consumer = broker.consumer(QUEUE, Handlers({VideoUploaded: worker.handle}, expected=QUEUE.events))
        running = asyncio.create_task(consumer.run())
        await consumer.ready()
        try:
            yield broker
        finally:
            await consumer.stop(timedelta())
            await running


async def test_messages_move_the_metrics_of_their_queue(
    amqp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_length, "SAMPLE_EVERY_S", 0.05)
    registry, worker = CollectorRegistry(), Worker()

    def count(name: str, **labels: str) -> float:
        return value(registry, f"consumer_{name}", queue=QUEUE.queue, **labels)

    async with consumed(amqp_url, registry, worker) as broker:
        for name in ("good", "bad", "good"):
            await broker.publish(wrap(VideoUploaded(conversion_id=name), "/test", name))
        await until(lambda: count("messages_in_progress") == 1, what="a message is handled")
        await until(lambda: count("queue_messages") == 2, what="the length of the queue is measured")
        worker.goes_on.set()
        await until(lambda: count("messages_total", outcome="handled") == 2, what="both are handled")
        await until(lambda: count("queue_messages") == 0, what="the queue is empty")
    assert count("messages_total", outcome="dead_lettered") == 1
    assert count("message_seconds_count") == 3
    assert count("message_wait_seconds_count") == 3
    assert count("messages_in_progress") == 0
    assert value(registry, "publisher_messages_total", type=VideoUploaded.type, outcome="confirmed") == 3
