"""The dead-letter queue: each message in it is handed to whoever keeps such, and acknowledged when kept."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from shared.clock import utc_now
from shared.messaging.dead_letters import DeadLetter, Keep, death_id, kept
from shared.messaging.delivery_history import printable
from shared.messaging.rabbitmq.consumer import answer, is_lost
from shared.messaging.rabbitmq.headers import DIED_AT, QUEUE, REASON, trail_of
from shared.messaging.rabbitmq.topology import Names, declare

PREFETCH = 10
# https://www.rabbitmq.com/docs/dlx#effects: why the broker itself dead-lettered a message.
IN_WORDS = {
    "delivery_limit": "given back, or lost with its consumer, too often",
    "expired": "nobody took it in time",
    "maxlen": "its queue was full",
    "rejected": "rejected by its consumer",
}


class DeadLetters:
    """One letter that cannot be kept does not hold up the others: each has a task of its own."""

    prefetch = PREFETCH

    def __init__(self, keep: Keep, names: Names) -> None:
        self.name = names.dead_letters
        self._keep = keep
        self._names = names

    async def declare(self, channel: AbstractChannel) -> AbstractQueue:
        await declare(channel, self._names, ())
        return await channel.get_queue(self.name, ensure=False)

    async def subscribed(self) -> None:
        """Nothing was missed: the queue kept it."""

    async def handle(self, message: AbstractIncomingMessage) -> None:
        if await kept(letter_of(message), self._keep, is_ours=lambda: not is_lost(message)):
            await answer(message.ack())


def letter_of(message: AbstractIncomingMessage) -> DeadLetter:
    """Either one of our consumers put it there and said why, or the broker did. What a stranger put there
    is a dead letter of no queue.
    """
    headers = message.headers
    by_broker = _latest_death(headers)
    ours = REASON in headers
    died_at = _moment(headers.get(DIED_AT) if ours else by_broker.get("time"))
    queue = printable(str(headers.get(QUEUE) or message.routing_key or ""))
    return DeadLetter(
        id=death_id(died_at, queue, message.body),
        body=message.body,
        queue=queue,
        reason=printable(str(headers.get(REASON))) if ours else _in_words(by_broker),
        history=trail_of(headers).history,
        died_at=died_at,
    )


def _latest_death(headers: Mapping[str, object]) -> Mapping[str, object]:
    """`x-death` has the latest first."""
    deaths = headers.get("x-death")
    latest = deaths[0] if isinstance(deaths, list) and deaths else {}
    return latest if isinstance(latest, dict) else {}


def _in_words(death: Mapping[str, object]) -> str:
    reason = str(death.get("reason", ""))
    return f"{reason}: {IN_WORDS[reason]}" if reason in IN_WORDS else printable(reason) or "unknown"


def _moment(said: object) -> datetime:
    """Now, when it makes no sense."""
    try:
        moment = said if isinstance(said, datetime) else datetime.fromisoformat(str(said))
        if moment.tzinfo is not None and math.isfinite(moment.timestamp()):
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    return utc_now()
