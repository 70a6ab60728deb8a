"""Consumption of the dead-letter queue: each message is handed to a store, and acknowledged when stored."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from shared.clock import utc_now
from shared.messaging.dead_letters import DeadLetter, KeepDeadLetter, dead_letter_id, keep_until_stored
from shared.messaging.delivery_history import printable
from shared.messaging.rabbitmq.headers import DIED_AT, REASON, read_history
from shared.messaging.rabbitmq.routes import Routes
from shared.messaging.rabbitmq.settlement import is_lost, send_settlement
from shared.messaging.rabbitmq.topology import Names, declare

PREFETCH = 10
# Why the broker itself dead-letters messages: https://www.rabbitmq.com/docs/dlx#effects
BROKER_REASONS = {
    "delivery_limit": "given back, or lost with its consumer, too often",
    "expired": "not consumed in time",
    "maxlen": "its queue was full",
    "rejected": "rejected by its consumer",
}


class DeadLetterQueue:
    """Stores dead letters concurrently, so that one that cannot be stored does not delay the others."""

    prefetch = PREFETCH
    is_durable = True

    def __init__(self, keep: KeepDeadLetter, names: Names, routes: Routes) -> None:
        self.name = names.dead_letters
        self._keep = keep
        self._names = names
        self._routes = routes

    async def declare(self, channel: AbstractChannel) -> AbstractQueue:
        if self._routes.declares:
            await declare(channel, self._names, ())
        return await channel.get_queue(self.name, ensure=False)

    async def subscribed(self) -> None:
        """Nothing to do: the durable queue kept all messages."""

    async def handle(self, message: AbstractIncomingMessage) -> str:
        if await keep_until_stored(letter_of(message), self._keep, is_ours=lambda: not is_lost(message)):
            await send_settlement(message.ack())
            return "handled"
        return "interrupted"


def letter_of(message: AbstractIncomingMessage) -> DeadLetter:
    """The dead letter in a message, from the consumer's headers or else from the broker's `x-death`.

    `queue` is the routing key, which bindings limit to the publisher's own queues; headers they do not limit.
    The reason is "unknown" when it is in neither.
    """
    headers = message.headers
    by_broker = _latest_death(headers)
    by_consumer = REASON in headers
    died_at = _time(headers.get(DIED_AT) if by_consumer else by_broker.get("time"))
    queue = printable(message.routing_key or "")
    return DeadLetter(
        id=dead_letter_id(died_at, queue, message.body),
        body=message.body,
        queue=queue,
        reason=printable(str(headers.get(REASON))) if by_consumer else _broker_reason(by_broker),
        history=read_history(headers).entries,
        died_at=died_at,
    )


def _latest_death(headers: Mapping[str, object]) -> Mapping[str, object]:
    """The first entry of `x-death`, which lists the latest first."""
    deaths = headers.get("x-death")
    latest = deaths[0] if isinstance(deaths, list) and deaths else {}
    return latest if isinstance(latest, dict) else {}


def _broker_reason(death: Mapping[str, object]) -> str:
    reason = str(death.get("reason", ""))
    return (
        f"{reason}: {BROKER_REASONS[reason]}" if reason in BROKER_REASONS else printable(reason) or "unknown"
    )


def _time(value: object) -> datetime:
    """The current time if `value` is no valid time."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        if moment.tzinfo is not None and math.isfinite(moment.timestamp()):
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    return utc_now()
