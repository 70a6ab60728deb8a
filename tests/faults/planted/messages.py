"""Planted defects of messaging: published or acknowledged too early, not cleared, or discarded."""

from collections.abc import Sequence

from aio_pika.abc import AbstractIncomingMessage, HeadersType

from converter_service.conversions.model import Conversion
from converter_service.storage.conversions import MongoConversions
from converter_service.storage.outbox import MongoOutbox
from shared.messaging.envelope import Envelope
from shared.messaging.outbox import Pending
from shared.messaging.rabbitmq.broker import RabbitMQ
from shared.messaging.rabbitmq.work_queue import WorkQueue


def acknowledge_before_storing() -> None:
    """Messages are acknowledged on arrival, so a crash loses them."""
    handle = WorkQueue.handle

    async def hasty(self: WorkQueue, message: AbstractIncomingMessage) -> str:
        await message.ack()
        return await handle(self, message)

    WorkQueue.handle = hasty  # type: ignore[method-assign]


def acknowledge_webhooks_first() -> None:
    """Events are acknowledged before their webhooks are recorded, so a crash loses these."""
    acknowledge_before_storing()


def publish_before_committing() -> None:
    """Events are published before the change is stored, so a crash publishes them again."""
    brokers: list[RabbitMQ] = []
    enter, save = RabbitMQ.__aenter__, MongoConversions.save

    async def remembered(self: RabbitMQ) -> RabbitMQ:
        brokers.append(self)
        return await enter(self)

    async def told_first(self: MongoConversions, conversion: Conversion, *events: Envelope) -> Conversion:
        for event in events:
            await brokers[0].publish(event)
        return await save(self, conversion)

    RabbitMQ.__aenter__ = remembered  # type: ignore[assignment]
    MongoConversions.save = told_first  # type: ignore[method-assign]


def never_clear_the_outbox() -> None:
    """Published events stay in the outbox and are published again and again."""

    async def forgetful(self: MongoOutbox, pending: Sequence[Pending]) -> None:
        return

    MongoOutbox.clear = forgetful  # type: ignore[method-assign]


def throw_away_what_is_malformed() -> None:
    """Malformed messages are discarded instead of dead-lettered."""
    move = WorkQueue._move

    async def quietly(
        self: WorkQueue, message: AbstractIncomingMessage, exchange: str, key: str, headers: HeadersType
    ) -> None:
        if exchange == self._names.dead_letters:
            await message.ack()
        else:
            await move(self, message, exchange, key, headers)

    WorkQueue._move = quietly  # type: ignore[method-assign]
