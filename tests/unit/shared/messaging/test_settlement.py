"""A message is settled once, also when its handler is cancelled meanwhile."""

import asyncio
from unittest.mock import AsyncMock, Mock

from shared.messaging.rabbitmq.publisher import ConfirmingPublisher
from shared.messaging.rabbitmq.routes import Routes
from shared.messaging.rabbitmq.settlement import requeue, send_settlement
from shared.messaging.rabbitmq.topology import Names
from shared.messaging.rabbitmq.work_queue import WorkQueue
from shared.messaging.subscriptions import NOTIFICATION_MAIL


class Message:
    """An incoming message whose acknowledgement ends once `go` is set."""

    def __init__(self) -> None:
        self.body, self.headers, self.redelivered = b"", dict[str, object](), False
        self.channel = Mock(is_closed=False)
        self.processed = False
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        self.sent: list[str] = []

    async def ack(self) -> None:
        self.sent.append("ack")
        self.begun.set()
        await self.go.wait()
        self.processed = True

    async def nack(self, requeue: bool) -> None:
        assert requeue
        self.sent.append("nack")


async def test_a_cancelled_acknowledgement_is_finished_and_the_message_not_requeued() -> None:
    message = Message()
    task = asyncio.create_task(send_settlement(message.ack()))
    await message.begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    message.go.set()
    await asyncio.wait({task})
    await requeue(message)  # type: ignore[arg-type]
    assert (task.cancelled(), message.sent) == (True, ["ack"])


async def test_a_message_that_is_moved_is_acknowledged_although_its_handler_is_cancelled() -> None:
    message, publisher = Message(), AsyncMock(spec=ConfirmingPublisher)
    publishing = asyncio.Event()

    async def publish(*_: object) -> None:
        publishing.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    publisher.send.side_effect = publish
    queue = WorkQueue(NOTIFICATION_MAIL, Mock(), publisher, Names(), Routes.of("amqp://x", Names(), None))
    message.go.set()
    task = asyncio.create_task(queue.handle(message))  # type: ignore[arg-type]
    await publishing.wait()
    task.cancel()
    await asyncio.wait({task})
    assert (publisher.send.await_count, message.sent) == (1, ["ack"])
