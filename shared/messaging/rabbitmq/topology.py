"""Exchanges and queues, declared again on every connection: durable, so repeating it changes nothing."""

from collections.abc import Iterable
from datetime import timedelta

import msgspec
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel
from pamqp.common import FieldTable

from shared.messaging.ports import Subscription

MAX_DEAD_LETTERS = 100_000
# Reading a dead letter and putting it back counts as a delivery; since 4.0 the default limit of 20 would drop
# it.
ENDLESS = 1_000_000_000
# Work that a queue's own messages wait behind after a reconnect counts against its consumer time-out, too.
CONSUMER_TIMEOUT_MARGIN = timedelta(hours=1)


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """Names in the broker that do not belong to one queue."""

    events: str = "tonegate.events"
    dead_letters: str = "tonegate.dead-letters"


async def declare(channel: AbstractChannel, names: Names, inboxes: Iterable[Subscription]) -> None:
    """Raises ChannelPreconditionFailed if something of that name exists with other properties."""
    await channel.declare_exchange(names.events, ExchangeType.TOPIC, durable=True)
    await channel.declare_exchange(names.dead_letters, ExchangeType.FANOUT, durable=True)
    dead = await channel.declare_queue(names.dead_letters, durable=True, arguments=_dead_letter_queue())
    await dead.bind(names.dead_letters)
    for inbox in inboxes:
        await _declare_inbox(channel, names, inbox)


async def _declare_inbox(channel: AbstractChannel, names: Names, inbox: Subscription) -> None:
    for tier in inbox.retry_tiers:
        await channel.declare_queue(tier_name(inbox.queue, tier), durable=True, arguments=_tier(inbox, tier))
    queue = await channel.declare_queue(inbox.queue, durable=True, arguments=_inbox(names, inbox))
    for event in inbox.events:
        await queue.bind(names.events, routing_key=event.type)


def tier_name(queue: str, tier: timedelta) -> str:
    """Messages in it wait `tier`, then go back to `queue`."""
    return f"{queue}.retry.{tier.total_seconds():g}"


def _inbox(names: Names, inbox: Subscription) -> FieldTable:
    """https://www.rabbitmq.com/docs/quorum-queues#dead-lettering for what at-least-once needs.

    RabbitMQ before 3.12 ignores `x-consumer-timeout`: there the server's own setting counts.
    """
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": inbox.delivery_limit,
        "x-dead-letter-exchange": names.dead_letters,
        "x-dead-letter-routing-key": inbox.queue,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-max-length": inbox.max_length,
        "x-consumer-timeout": _milliseconds(inbox.handling_timeout + CONSUMER_TIMEOUT_MARGIN),
    }


def _tier(inbox: Subscription, tier: timedelta) -> FieldTable:
    return {
        "x-queue-type": "quorum",
        "x-message-ttl": _milliseconds(tier),
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": inbox.queue,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-max-length": inbox.max_length,
    }


def _dead_letter_queue() -> FieldTable:
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": ENDLESS,
        "x-overflow": "reject-publish",
        "x-max-length": MAX_DEAD_LETTERS,
    }


def _milliseconds(duration: timedelta) -> int:
    return round(duration.total_seconds() * 1000)
