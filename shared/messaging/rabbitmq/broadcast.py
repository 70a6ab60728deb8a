"""Broadcast queue of one process: exclusive, deleted with its connection, and reports gaps."""

from uuid import uuid4

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from shared.messaging.broadcast import handle_broadcast
from shared.messaging.handlers import Handlers
from shared.messaging.ports import Broadcast
from shared.messaging.rabbitmq.routes import Routes
from shared.messaging.rabbitmq.settlement import send_settlement
from shared.messaging.rabbitmq.topology import Names

# A slower listener loses the oldest messages. Also bounds what piles up before the broker notices a dead one.
MAX_LENGTH = 10_000


class BroadcastQueue:
    """Receives broadcast events while connected; after each (re)connect `Broadcast.on_gap` runs."""

    def __init__(self, broadcast: Broadcast, handlers: Handlers, names: Names, routes: Routes) -> None:
        self.name = broadcast.name
        self.prefetch = broadcast.prefetch
        self.is_durable = False
        self._broadcast = broadcast
        self._handlers = handlers
        self._names = names
        self._routes = routes

    async def declare(self, channel: AbstractChannel) -> AbstractQueue:
        """Uses a new name each time: the queue of a dead connection may still exist in the broker."""
        if self._routes.declares:
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

    async def handle(self, message: AbstractIncomingMessage) -> str:
        outcome = await handle_broadcast(message.body, self._broadcast, self._handlers)
        await send_settlement(message.ack())
        return outcome
