"""A durable queue: settle each message, then acknowledge it or move it to a retry tier or to the dead."""

import asyncio

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue, HeadersType

from shared.logs import get_logger
from shared.messaging.dispatch import Dead, Done, Incoming, Later, settle
from shared.messaging.errors import PublishFailed
from shared.messaging.handlers import Handlers
from shared.messaging.ports import Subscription
from shared.messaging.rabbitmq.consumer import answer, is_lost
from shared.messaging.rabbitmq.headers import of_dead_letter, of_trail, trail_of
from shared.messaging.rabbitmq.publisher import Sender
from shared.messaging.rabbitmq.topology import Names, declare, tier_name

log = get_logger(__name__)

FORWARD_ATTEMPTS = 5


class Inbox:
    def __init__(self, subscription: Subscription, handlers: Handlers, sender: Sender, names: Names) -> None:
        self.name = subscription.queue
        self.prefetch = subscription.prefetch
        self._subscription = subscription
        self._handlers = handlers
        self._sender = sender
        self._names = names

    async def declare(self, channel: AbstractChannel) -> AbstractQueue:
        await declare(channel, self._names, (self._subscription,))
        return await channel.get_queue(self.name, ensure=False)

    async def subscribed(self) -> None:
        """Nothing was missed: the queue kept it."""

    async def handle(self, message: AbstractIncomingMessage) -> None:
        incoming = Incoming(
            body=message.body, trail=trail_of(message.headers), redelivered=bool(message.redelivered)
        )
        match await settle(incoming, self._subscription, self._handlers):
            case Later(tier=tier, trail=trail):
                await self._move(message, "", tier_name(self.name, tier), of_trail(trail))
            case Dead(reason=reason, trail=trail):
                headers = of_dead_letter(reason, self.name, trail)
                await self._move(message, self._names.dead_letters, self.name, headers)
            case Done():
                await answer(message.ack())

    async def _move(
        self, message: AbstractIncomingMessage, exchange: str, key: str, headers: HeadersType
    ) -> None:
        """Acknowledge only what is confirmed elsewhere. A crash in between makes two of it, never none."""
        for attempt in range(1, FORWARD_ATTEMPTS + 1):
            if is_lost(message):
                return
            try:
                await self._sender.send(exchange, key, message.body, headers)
            except PublishFailed as error:
                log.warning("moving a message failed", to=key, attempt=attempt, reason=str(error))
                await asyncio.sleep(attempt)
            else:
                await answer(message.ack())
                return
        # basic.reject counts as a delivery, so the delivery limit ends this; basic.nack does not since 4.3.
        await answer(message.reject(requeue=True))
