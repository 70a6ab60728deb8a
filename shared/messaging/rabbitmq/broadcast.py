"""A queue of one process: hears what is published while it is connected, and is told when it missed
something.
"""

from uuid import uuid4

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from shared.messaging.broadcast import hear
from shared.messaging.handlers import Handlers
from shared.messaging.ports import Broadcast
from shared.messaging.rabbitmq.consumer import answer
from shared.messaging.rabbitmq.topology import Names

# A listener this far behind hears only the latest; it is also how much a dead one may pile up until it is
# noticed.
MAX_LENGTH = 10_000


class News:
    def __init__(self, broadcast: Broadcast, handlers: Handlers, names: Names) -> None:
        self.name = broadcast.name
        self.prefetch = broadcast.prefetch
        self._broadcast = broadcast
        self._handlers = handlers
        self._names = names

    async def declare(self, channel: AbstractChannel) -> AbstractQueue:
        """A new name each time: the server may not have noticed yet that the last connection is dead."""
        await channel.declare_exchange(self._names.events, ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue(
            f"{self.name}.{uuid4()}",
            exclusive=True,
            auto_delete=True,
            arguments={"x-queue-type": "classic", "x-max-length": MAX_LENGTH, "x-overflow": "drop-head"},
        )
        for event in self._broadcast.events:
            await queue.bind(self._names.events, routing_key=event.type)
        return queue

    async def subscribed(self) -> None:
        await self._broadcast.on_gap()

    async def handle(self, message: AbstractIncomingMessage) -> None:
        await hear(message.body, self._broadcast, self._handlers)
        await answer(message.ack())
