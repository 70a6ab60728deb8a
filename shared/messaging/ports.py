"""What services need from a message broker. The docstrings are the contract."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Protocol

import msgspec

from shared.contracts.events import Event
from shared.messaging.dead_letters import DeadLetter, Keep
from shared.messaging.envelope import Envelope
from shared.messaging.errors import NotReady, PublishFailed, Reject, Retry, Unroutable
from shared.messaging.handlers import Delivery, Handlers

__all__ = [
    "Broadcast",
    "Broker",
    "Consumer",
    "DeadLetter",
    "Delivery",
    "Handlers",
    "Keep",
    "NotReady",
    "PublishFailed",
    "Publisher",
    "Reject",
    "Retry",
    "Subscription",
    "Unroutable",
    "nothing_missed",
]

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A durable queue that several processes share: each message goes to one of them.

    `handling_timeout` bounds one run of a handler. It and `max_length` are fixed in the broker when the queue
    is first declared, so they are constants of the system and not settings. The back-off after the nth
    failure is the nth of `retry_tiers`, then the last one; after `max_attempts` failures the message is
    dead-lettered.
    """

    queue: str
    events: tuple[type[Event], ...]
    prefetch: int = 1
    max_attempts: int = 6
    max_postponements: int = 10_000
    retry_tiers: tuple[timedelta, ...] = (SECOND, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE)
    handling_timeout: timedelta = HOUR
    delivery_limit: int = 20
    max_length: int = 100_000


async def nothing_missed() -> None:
    """Default of `Broadcast.on_gap`, for listeners that keep no state."""


class Broadcast(msgspec.Struct, frozen=True, kw_only=True):
    """Every process that listens hears every event, while it listens; nothing is kept for those that do not.

    `on_gap` runs each time listening begins, also after a lost connection: what was announced in between was
    missed, so what was derived from such events must be dropped. A handler's failure is logged, not retried.
    """

    name: str
    events: tuple[type[Event], ...]
    on_gap: Callable[[], Awaitable[None]] = nothing_missed
    prefetch: int = 100


class Publisher(Protocol):
    async def publish(self, envelope: Envelope) -> None:
        """Return only when the broker has stored the message in every queue bound for it.

        Raises PublishFailed within the publisher's time-out when it is unreachable, blocked, full or refuses,
        and Unroutable when no queue is bound and the event needs a listener. After PublishFailed the message
        may have arrived all the same: publish again, consumers tell the repetition by its id.
        """


class Consumer(Protocol):
    async def run(self) -> None:
        """Handle messages until `stop`. Reconnects for ever; raises only on a fault in the program itself.

        A message is acknowledged after its handler returned; a process that dies before has it delivered to
        another. At most `prefetch` handlers run at once, each in its own task with the message's correlation
        id bound. What cannot be read is dead-lettered with the reason. If the connection is lost a running
        handler goes on to its end, and its message is delivered again: handlers must be idempotent.
        """

    async def stop(self, grace: timedelta) -> None:
        """Take nothing new, let running handlers finish within `grace`, then cancel them and hand theirs
        back.

        Returns when `run` is over.
        """

    async def ready(self) -> None:
        """Wait until messages are being consumed."""

    async def check(self) -> None:
        """Raises NotReady while no messages can arrive."""


class Broker(Publisher, AbstractAsyncContextManager["Broker"], Protocol):
    """Inside `async with` it stays connected by itself. Entering never waits for the broker nor fails without
    it.
    """

    def consumer(self, subscription: Subscription, handlers: Handlers) -> Consumer:
        """Raises MissingHandler unless `handlers` covers exactly the subscription's events."""

    def listener(self, broadcast: Broadcast, handlers: Handlers) -> Consumer:
        """Raises MissingHandler unless `handlers` covers exactly the broadcast's events."""

    def dead_letter_consumer(self, keep: Keep) -> Consumer:
        """Hands every dead letter to `keep`, until it is kept; while that fails they wait. One that was
        handed over may come again.
        """

    async def put_back(self, queue: str, body: bytes, history: Sequence[str]) -> None:
        """Return when the broker has stored `body` in exactly this queue, as a message that never failed;
        if it dies again its dead letter tells `history` too.

        Raises Unroutable when there is no such queue, and PublishFailed as `publish` does.
        """

    async def check(self) -> None:
        """Raises NotReady while nothing can be published."""
