"""The broker port on RabbitMQ: publishes over one connection, opens another for each consumer."""

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from aio_pika.abc import AbstractChannel

from shared.contracts.events import EVENTS
from shared.messaging.dead_letters import Keep
from shared.messaging.envelope import Envelope, encode
from shared.messaging.handlers import Handlers
from shared.messaging.ports import Broadcast, Subscription
from shared.messaging.rabbitmq.broadcast import News
from shared.messaging.rabbitmq.connection import Link, Lose, Timing
from shared.messaging.rabbitmq.consumer import RabbitConsumer
from shared.messaging.rabbitmq.dead_letters import DeadLetters
from shared.messaging.rabbitmq.headers import of_replay
from shared.messaging.rabbitmq.publisher import Sender
from shared.messaging.rabbitmq.topology import Names, declare
from shared.messaging.rabbitmq.work_queue import Inbox

DEFAULT_TIMING = Timing()
DEFAULT_NAMES = Names()
MAY_BE_UNHEARD = frozenset(event.type for event in EVENTS if not event.needs_listener)


class RabbitMQ:
    """async with RabbitMQ(url, "converter-worker", INBOXES) as broker: …

    `name` shows up in the server's list of connections. `inboxes` are the queues that must exist before
    anything is published, whether their consumers ever ran or not.
    """

    def __init__(
        self,
        url: str,
        name: str,
        inboxes: Iterable[Subscription],
        *,
        names: Names = DEFAULT_NAMES,
        timing: Timing = DEFAULT_TIMING,
    ) -> None:
        self._url = url
        self._name = name
        self._inboxes = tuple(inboxes)
        self._names = names
        self._timing = timing
        self._out = Link(url, f"{name}/publish", self._declare, timing)
        self._sender = Sender(self._out, timing.publish_timeout)

    async def __aenter__(self) -> Self:
        await self._out.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._out.__aexit__(kind, error, trace)

    async def publish(self, envelope: Envelope) -> None:
        await self._sender.send(
            self._names.events,
            envelope.type,
            encode(envelope),
            headers={},
            mandatory=envelope.type not in MAY_BE_UNHEARD,
        )

    def consumer(self, subscription: Subscription, handlers: Handlers) -> RabbitConsumer:
        handlers.require(subscription.events)
        inbox = Inbox(subscription, handlers, self._sender, self._names)
        return RabbitConsumer(self._url, self._name, inbox, self._timing)

    def listener(self, broadcast: Broadcast, handlers: Handlers) -> RabbitConsumer:
        handlers.require(broadcast.events)
        news = News(broadcast, handlers, self._names)
        return RabbitConsumer(self._url, self._name, news, self._timing)

    def dead_letter_consumer(self, keep: Keep) -> RabbitConsumer:
        return RabbitConsumer(self._url, self._name, DeadLetters(keep, self._names), self._timing)

    async def put_back(self, queue: str, body: bytes, history: Sequence[str]) -> None:
        await self._sender.send("", queue, body, of_replay(history))

    async def check(self) -> None:
        await self._out.check()

    async def _declare(self, channel: AbstractChannel, _: Lose) -> None:
        await declare(channel, self._names, self._inboxes)
