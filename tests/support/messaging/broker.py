"""In-memory broker: exchange, work queues, broadcast queues and dead letters."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self
from uuid import uuid4

from shared.clock import utc_now
from shared.contracts.events import EVENTS
from shared.messaging.broadcast import handle_broadcast
from shared.messaging.dead_letters import DeadLetter, KeepDeadLetter, dead_letter_id, keep_until_stored
from shared.messaging.delivery_history import DeliveryHistory
from shared.messaging.dispatch import Acknowledge, DeadLettered, IncomingMessage, RetryLater, dispatch
from shared.messaging.envelope import Envelope, encode
from shared.messaging.errors import NotReady, PublishFailed, Unroutable
from shared.messaging.handlers import Handlers
from shared.messaging.ports import Broadcast, Subscription
from tests.support.messaging.consumer import MemoryConsumer
from tests.support.messaging.queue import MemoryQueue

LISTENER_OPTIONAL = frozenset(event.type for event in EVENTS if not event.needs_listener)
MAX_BROADCAST_LENGTH = 10_000
MAX_DEAD_LETTERS = 100_000


class StoredDeadLetter(IncomingMessage, frozen=True, kw_only=True):
    """A message in the dead-letter queue."""

    letter: DeadLetter


class MemoryBroker:
    """Example: `async with MemoryBroker(SUBSCRIPTIONS) as broker: ...`.

    `dead_letters` lists all dead letters so far. Cancelling a consumer's `run` simulates a killed process.
    """

    def __init__(self, subscriptions: Iterable[Subscription]) -> None:
        self._queues: dict[str, MemoryQueue] = {}
        self._waiting: set[asyncio.Task[None]] = set()
        self._open = False
        self.dead_letters: list[DeadLetter] = []
        self._dead = MemoryQueue(frozenset(), MAX_DEAD_LETTERS)
        for subscription in subscriptions:
            self.queue_of(subscription)

    async def __aenter__(self) -> Self:
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        for task in self._waiting:
            task.cancel()

    async def publish(self, envelope: Envelope) -> None:
        if not self._open:
            raise PublishFailed("not entered")
        bound = [queue for queue in self._queues.values() if envelope.type in queue.types]
        if not bound and envelope.type not in LISTENER_OPTIONAL:
            raise Unroutable(f"no queue is bound for {envelope.type}")
        if any(len(queue) >= queue.max_length for queue in bound):
            raise PublishFailed(f"refused by a queue for {envelope.type}")
        for queue in bound:
            await queue.put(IncomingMessage(body=encode(envelope)))

    async def put(self, queue: str, body: bytes) -> None:
        """Puts any bytes into a queue."""
        await self._queues[queue].put(IncomingMessage(body=body))

    def consumer(self, subscription: Subscription, handlers: Handlers) -> MemoryConsumer:
        handlers.require(subscription.events)
        queue = self.queue_of(subscription)

        async def work(message: IncomingMessage) -> None:
            match await dispatch(message, subscription, handlers):
                case RetryLater(tier=tier, history=history):
                    self._put_later(queue, IncomingMessage(body=message.body, history=history), tier)
                case DeadLettered(reason=reason, history=history):
                    await self._dead_letter(message.body, subscription.queue, reason, history)
                case Acknowledge():
                    pass

        return MemoryConsumer(queue, subscription.prefetch, work)

    def dead_letter_consumer(self, keep: KeepDeadLetter) -> MemoryConsumer:
        async def work(message: IncomingMessage) -> None:
            if isinstance(message, StoredDeadLetter):
                await keep_until_stored(message.letter, keep, is_ours=lambda: True)

        return MemoryConsumer(self._dead, 1, work)

    async def put_back(self, queue: str, body: bytes, history: Sequence[str]) -> None:
        if not self._open:
            raise PublishFailed("not entered")
        if queue not in self._queues:
            raise Unroutable(f"no queue is bound for {queue}")
        await self._queues[queue].put(
            IncomingMessage(body=body, history=DeliveryHistory(entries=tuple(history)))
        )

    async def _dead_letter(self, body: bytes, queue: str, reason: str, history: DeliveryHistory) -> None:
        now = utc_now()
        letter = DeadLetter(
            id=dead_letter_id(now, queue, body),
            body=body,
            queue=queue,
            reason=reason,
            history=history.entries,
            died_at=now,
        )
        self.dead_letters.append(letter)
        await self._dead.put(StoredDeadLetter(body=body, letter=letter))

    def listener(self, broadcast: Broadcast, handlers: Handlers) -> MemoryConsumer:
        handlers.require(broadcast.events)
        queue = MemoryQueue(frozenset(event.type for event in broadcast.events), MAX_BROADCAST_LENGTH)
        name = f"{broadcast.name}.{uuid4()}"

        async def work(message: IncomingMessage) -> None:
            await handle_broadcast(message.body, broadcast, handlers)

        async def begin() -> None:
            self._queues[name] = queue
            await broadcast.on_gap()

        return MemoryConsumer(queue, broadcast.prefetch, work, begin, lambda: self._queues.pop(name, None))

    async def check(self) -> None:
        if not self._open:
            raise NotReady("not entered")

    def queue_of(self, subscription: Subscription) -> MemoryQueue:
        types = frozenset(event.type for event in subscription.events)
        return self._queues.setdefault(subscription.queue, MemoryQueue(types, subscription.max_length))

    def _put_later(self, queue: MemoryQueue, message: IncomingMessage, tier: timedelta) -> None:
        async def wait() -> None:
            await asyncio.sleep(tier.total_seconds())
            await queue.put(message)

        task = asyncio.create_task(wait())
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)
