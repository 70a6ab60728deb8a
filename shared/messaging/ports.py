"""Ports of the message broker. Their docstrings are the contract of every adapter."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Protocol

import msgspec

from shared.contracts.events import Event
from shared.messaging.dead_letters import KeepDeadLetter
from shared.messaging.envelope import Envelope
from shared.messaging.handlers import Handlers

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A durable work queue: each message goes to one of the processes that consume it.

    `handling_timeout` bounds one run of a handler. It and `max_length` are fixed in the broker when the queue
    is first declared, so they are constants of the system and not settings. The back-off after the nth
    failure is the nth of `retry_tiers`, then the last one; after `max_attempts` failures, or more than
    `max_postponements` uncounted retries, the message is dead-lettered.
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
    """Default of `Broadcast.on_gap`, for listeners without state."""


class Broadcast(msgspec.Struct, frozen=True, kw_only=True):
    """Events for every listening process, while it is connected; nothing is stored for disconnected ones.

    `on_gap` runs whenever listening begins, also after a reconnect: events may have been missed, so state
    derived from them must be dropped. A handler's failure is logged, not retried.
    """

    name: str
    events: tuple[type[Event], ...]
    on_gap: Callable[[], Awaitable[None]] = nothing_missed
    prefetch: int = 100


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """What one of the system's processes does with the broker; its user may do nothing else."""

    name: str
    publishes: tuple[type[Event], ...] = ()
    consumes: tuple[Subscription, ...] = ()
    listens: tuple[Broadcast, ...] = ()
    keeps_dead_letters: bool = False

    @property
    def user(self) -> str:
        """Name of the process's user in the broker."""
        return f"tonegate-{self.name}"


class Publisher(Protocol):
    """Publishes events."""

    async def publish(self, envelope: Envelope) -> None:
        """Returns once the broker has stored the message in every queue bound for it.

        Raises Unroutable when no queue is bound and the event needs a listener, and PublishFailed, within the
        publisher's timeout, when the broker is unreachable, blocked or full, or refuses the message. After
        PublishFailed the message may have been delivered: publish again, consumers detect duplicates by id.
        """


class Consumer(Protocol):
    """Delivers the messages of one queue to handlers."""

    async def run(self) -> None:
        """Handles messages until `stop`; reconnects without limit. Raises only for programming errors.

        A message is acknowledged after its handler has returned; if the process dies before that, another one
        gets it. At most `prefetch` handlers run at once, each in its own task with the message's correlation
        id bound. Unreadable messages are dead-lettered with the reason. After a lost connection running
        handlers finish, and their messages are delivered again: handlers must be idempotent.
        """

    async def stop(self, grace: timedelta) -> None:
        """Takes no new messages, lets running handlers finish within `grace`, then cancels and requeues them.

        Returns when `run` has ended.
        """

    async def ready(self) -> None:
        """Waits until messages are being consumed."""

    async def check(self) -> None:
        """Raises NotReady while no messages can arrive."""

    def consumed_for(self) -> timedelta:
        """Returns how long messages have been consumed without an interruption; zero while they are not."""


class Broker(Publisher, AbstractAsyncContextManager["Broker"], Protocol):
    """A connection to the broker. While entered it reconnects by itself; entering neither waits nor fails."""

    def consumer(self, subscription: Subscription, handlers: Handlers) -> Consumer:
        """Raises MissingHandler unless `handlers` covers exactly the subscription's events."""

    def listener(self, broadcast: Broadcast, handlers: Handlers) -> Consumer:
        """Raises MissingHandler unless `handlers` covers exactly the broadcast's events."""

    def dead_letter_consumer(self, keep: KeepDeadLetter) -> Consumer:
        """Calls `keep` with every dead letter until it succeeds. A letter may be handed over again."""

    async def put_back(self, queue: str, body: bytes, history: Sequence[str]) -> None:
        """Stores `body` in exactly this queue, as a message without failures.

        A later dead letter of it includes `history`. Raises Unroutable when the queue does not exist, and
        PublishFailed as `publish` does.
        """

    async def check(self) -> None:
        """Raises NotReady while nothing can be published."""
