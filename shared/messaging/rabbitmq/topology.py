"""Exchanges and queues, and their declaration by a user with all rights, which changes no existing one."""

from collections.abc import Iterable
from datetime import timedelta

import msgspec
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel
from pamqp.common import FieldTable

from shared.messaging.ports import Process, Subscription

MAX_DEAD_LETTERS = 100_000
# Requeuing a dead letter counts as a delivery; since RabbitMQ 4.0 the default limit of 20 would drop it.
UNLIMITED = 1_000_000_000
# After a reconnect, waiting for handlers that still run counts against the consumer timeout, too.
CONSUMER_TIMEOUT_MARGIN = timedelta(hours=1)


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """Names of the shared exchanges; the dead-letter queue has the name of its exchange."""

    events: str = "tonegate.events"
    dead_letters: str = "tonegate.dead-letters"
    own: str = "tonegate.from"

    def exchange_of(self, process: Process) -> str:
        """The exchange into which a process with a limited user publishes everything."""
        return f"{self.own}.{process.name}"


async def declare(channel: AbstractChannel, names: Names, subscriptions: Iterable[Subscription]) -> None:
    """Declares everything that `subscriptions` need.

    Raises ChannelPreconditionFailed if an exchange or queue exists with other properties.
    """
    await channel.declare_exchange(names.events, ExchangeType.TOPIC, durable=True)
    await channel.declare_exchange(names.dead_letters, ExchangeType.FANOUT, durable=True)
    dead = await channel.declare_queue(names.dead_letters, durable=True, arguments=dead_letter_arguments())
    await dead.bind(names.dead_letters)
    for subscription in subscriptions:
        await _declare_work_queue(channel, names, subscription)


async def _declare_work_queue(channel: AbstractChannel, names: Names, subscription: Subscription) -> None:
    name = subscription.queue
    for tier in subscription.retry_tiers:
        await channel.declare_queue(
            tier_name(name, tier), durable=True, arguments=retry_arguments(subscription, tier)
        )
    queue = await channel.declare_queue(
        name, durable=True, arguments=work_queue_arguments(names, subscription)
    )
    for event in subscription.events:
        await queue.bind(names.events, routing_key=event.type)


def tier_name(queue: str, tier: timedelta) -> str:
    """The retry queue whose messages return to `queue` after `tier`."""
    return f"{queue}.retry.{tier.total_seconds():g}"


def work_queue_arguments(names: Names, subscription: Subscription) -> FieldTable:
    """What at-least-once dead-lettering needs: https://www.rabbitmq.com/docs/quorum-queues#dead-lettering

    RabbitMQ before 3.12 ignores `x-consumer-timeout` and uses the server's own setting.
    """
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": subscription.delivery_limit,
        "x-dead-letter-exchange": names.dead_letters,
        "x-dead-letter-routing-key": subscription.queue,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-max-length": subscription.max_length,
        "x-consumer-timeout": _milliseconds(subscription.handling_timeout + CONSUMER_TIMEOUT_MARGIN),
    }


def retry_arguments(subscription: Subscription, tier: timedelta) -> FieldTable:
    return {
        "x-queue-type": "quorum",
        "x-message-ttl": _milliseconds(tier),
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": subscription.queue,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-max-length": subscription.max_length,
    }


def dead_letter_arguments() -> FieldTable:
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": UNLIMITED,
        "x-overflow": "reject-publish",
        "x-max-length": MAX_DEAD_LETTERS,
    }


def _milliseconds(duration: timedelta) -> int:
    return round(duration.total_seconds() * 1000)
