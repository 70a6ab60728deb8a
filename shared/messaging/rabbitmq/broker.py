"""The broker port on RabbitMQ: one connection for publishing, and one for each consumer."""

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from aio_pika.abc import AbstractChannel
from prometheus_client import CollectorRegistry

from shared.contracts.events import EVENTS
from shared.messaging.dead_letters import KeepDeadLetter
from shared.messaging.envelope import Envelope, encode
from shared.messaging.handlers import Handlers
from shared.messaging.metrics import MessageMetrics
from shared.messaging.ports import Broadcast, Process, Subscription
from shared.messaging.rabbitmq.broadcast import BroadcastQueue
from shared.messaging.rabbitmq.connection import Connection, ReportLoss
from shared.messaging.rabbitmq.consumer import ConsumedQueue, RabbitConsumer
from shared.messaging.rabbitmq.dead_letters import DeadLetterQueue
from shared.messaging.rabbitmq.headers import replay_headers
from shared.messaging.rabbitmq.publisher import ConfirmingPublisher
from shared.messaging.rabbitmq.routes import Routes
from shared.messaging.rabbitmq.timeouts import Timing
from shared.messaging.rabbitmq.topology import Names, declare
from shared.messaging.rabbitmq.work_queue import WorkQueue

DEFAULT_TIMING = Timing()
DEFAULT_NAMES = Names()
LISTENER_OPTIONAL = frozenset(event.type for event in EVENTS if not event.needs_listener)


class RabbitMQ:
    """Example: `async with RabbitMQ(url, "converter-worker", SUBSCRIPTIONS, process=WORKER) as broker: ...`.

    `name` identifies the process in the server's list of connections. If the URL's user is that of `process`,
    nothing durable is declared, and the user's permissions suffice (`definitions.py`). With any other user
    the queues of `subscriptions` are declared before anything is published, whether their consumers have
    ever run or not.
    """

    def __init__(
        self,
        url: str,
        name: str,
        subscriptions: Iterable[Subscription],
        *,
        process: Process | None = None,
        names: Names = DEFAULT_NAMES,
        timing: Timing = DEFAULT_TIMING,
        registry: CollectorRegistry | None = None,
    ) -> None:
        """`registry` gets the metrics of the messages."""
        self._metrics = MessageMetrics(registry or CollectorRegistry())
        self._metrics.publishes(process.publishes if process else ())
        self._url = url
        self._name = name
        self._names = names
        self._timing = timing
        self._routes = Routes.of(url, names, process)
        self._queues = tuple(subscriptions)
        self._connection = Connection(url, f"{name}/publish", self._set_up, timing)
        self._publisher = ConfirmingPublisher(self._connection, timing.publish_timeout)

    async def __aenter__(self) -> Self:
        await self._connection.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.__aexit__(kind, error, trace)

    async def publish(self, envelope: Envelope) -> None:
        with self._metrics.publication(envelope.type):
            await self._publisher.send(
                self._routes.events,
                envelope.type,
                encode(envelope),
                headers={},
                mandatory=envelope.type not in LISTENER_OPTIONAL,
            )

    def consumer(self, subscription: Subscription, handlers: Handlers) -> RabbitConsumer:
        handlers.require(subscription.events)
        queue = WorkQueue(subscription, handlers, self._publisher, self._names, self._routes)
        return self._consumer_of(queue)

    def listener(self, broadcast: Broadcast, handlers: Handlers) -> RabbitConsumer:
        handlers.require(broadcast.events)
        queue = BroadcastQueue(broadcast, handlers, self._names, self._routes)
        return self._consumer_of(queue)

    def dead_letter_consumer(self, keep: KeepDeadLetter) -> RabbitConsumer:
        queue = DeadLetterQueue(keep, self._names, self._routes)
        return self._consumer_of(queue)

    def _consumer_of(self, queue: ConsumedQueue) -> RabbitConsumer:
        return RabbitConsumer(self._url, self._name, queue, self._timing, self._metrics)

    async def put_back(self, queue: str, body: bytes, history: Sequence[str]) -> None:
        await self._publisher.send(self._routes.queues, queue, body, replay_headers(history))

    async def check(self) -> None:
        await self._connection.check()

    async def _set_up(self, channel: AbstractChannel, _: ReportLoss) -> None:
        if self._routes.declares:
            await declare(channel, self._names, self._queues)
