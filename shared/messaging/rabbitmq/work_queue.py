"""Durable work queue: each message is dispatched, then acknowledged, retried later, or dead-lettered."""

import asyncio

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue, HeadersType

from shared.logs import get_logger
from shared.messaging.dispatch import Acknowledge, DeadLettered, IncomingMessage, RetryLater, dispatch
from shared.messaging.errors import PublishFailed
from shared.messaging.handlers import Handlers
from shared.messaging.ports import Subscription
from shared.messaging.rabbitmq.headers import dead_letter_headers, history_headers, read_history
from shared.messaging.rabbitmq.publisher import ConfirmingPublisher
from shared.messaging.rabbitmq.routes import Routes
from shared.messaging.rabbitmq.settlement import is_lost, send_settlement
from shared.messaging.rabbitmq.topology import Names, declare, tier_name
from shared.tasks import finish_when_cancelled

log = get_logger(__name__)

MOVE_ATTEMPTS = 5
# A confirmed publication and its acknowledgement; less than what a stop allows cancelled handlers.
MOVE_GRACE_S = 6.0


class WorkQueue:
    """The queue of a Subscription."""

    def __init__(
        self,
        subscription: Subscription,
        handlers: Handlers,
        publisher: ConfirmingPublisher,
        names: Names,
        routes: Routes,
    ) -> None:
        self.name = subscription.queue
        self.prefetch = subscription.prefetch
        self.is_durable = True
        self._subscription = subscription
        self._handlers = handlers
        self._publisher = publisher
        self._names = names
        self._routes = routes

    async def declare(self, channel: AbstractChannel) -> AbstractQueue:
        if self._routes.declares:
            await declare(channel, self._names, (self._subscription,))
        return await channel.get_queue(self.name, ensure=False)

    async def subscribed(self) -> None:
        """Nothing to do: the durable queue kept all messages."""

    async def handle(self, message: AbstractIncomingMessage) -> str:
        incoming = IncomingMessage(
            body=message.body, history=read_history(message.headers), redelivered=bool(message.redelivered)
        )
        match await dispatch(incoming, self._subscription, self._handlers):
            case RetryLater(tier=tier, history=history):
                await self._move(
                    message, self._routes.queues, tier_name(self.name, tier), history_headers(history)
                )
                return "retried"
            case DeadLettered(reason=reason, history=history):
                headers = dead_letter_headers(reason, self.name, history)
                await self._move(message, self._routes.dead_letters, self.name, headers)
                return "dead_lettered"
            case Acknowledge():
                await send_settlement(message.ack())
                return "handled"

    async def _move(
        self, message: AbstractIncomingMessage, exchange: str, key: str, headers: HeadersType
    ) -> None:
        """Publishes the message elsewhere, then acknowledges it: a crash in between duplicates it."""
        for attempt in range(1, MOVE_ATTEMPTS + 1):
            if is_lost(message):
                return
            try:
                await finish_when_cancelled(self._move_once(message, exchange, key, headers), MOVE_GRACE_S)
            except PublishFailed as error:
                log.warning("message not moved", to=key, attempt=attempt, reason=str(error))
                await asyncio.sleep(attempt)
            else:
                return
        # basic.reject counts against the delivery limit, which ends this; basic.nack does not since 4.3.
        await send_settlement(message.reject(requeue=True))

    async def _move_once(
        self, message: AbstractIncomingMessage, exchange: str, key: str, headers: HeadersType
    ) -> None:
        await self._publisher.send(exchange, key, message.body, headers)
        await send_settlement(message.ack())
