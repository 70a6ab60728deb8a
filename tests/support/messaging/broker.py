"""Exchange and queues in this process: who gets what, and where what nobody could handle lies."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self
from uuid import uuid4

from shared.clock import utc_now
from shared.contracts.events import EVENTS
from shared.messaging.broadcast import hear
from shared.messaging.dead_letters import DeadLetter, Keep, death_id, kept
from shared.messaging.delivery_history import Trail
from shared.messaging.dispatch import Dead, Done, Incoming, Later, settle
from shared.messaging.envelope import Envelope, encode
from shared.messaging.errors import NotReady, PublishFailed, Unroutable
from shared.messaging.handlers import Handlers
from shared.messaging.ports import Broadcast, Subscription
from tests.support.messaging.consumer import MemoryConsumer
from tests.support.messaging.queue import MemoryQueue

MAY_BE_UNHEARD = frozenset(event.type for event in EVENTS if not event.needs_listener)
MAX_BROADCAST_LENGTH = 10_000
MAX_DEAD_LETTERS = 100_000


class Buried(Incoming, frozen=True, kw_only=True):
    """What lies in the dead-letter queue."""

    letter: DeadLetter


class MemoryBroker:
    """async with MemoryBroker(INBOXES) as broker: …

    `dead_letters` is there to be looked at. Cancelling a consumer's `run` stands for the death of its
    process.
    """

    def __init__(self, inboxes: Iterable[Subscription]) -> None:
        self._queues: dict[str, MemoryQueue] = {}
        self._waiting: set[asyncio.Task[None]] = set()
        self._open = False
        self.dead_letters: list[DeadLetter] = []
        self._dead = MemoryQueue(frozenset(), MAX_DEAD_LETTERS)
        for inbox in inboxes:
            self.queue_of(inbox)

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
        if not bound and envelope.type not in MAY_BE_UNHEARD:
            raise Unroutable(f"no queue is bound for {envelope.type}")
        if any(len(queue) >= queue.max_length for queue in bound):
            raise PublishFailed(f"refused by a queue for {envelope.type}")
        for queue in bound:
            await queue.put(Incoming(body=encode(envelope)))

    async def put(self, queue: str, body: bytes) -> None:
        """What a stranger may send to a queue."""
        await self._queues[queue].put(Incoming(body=body))

    def consumer(self, subscription: Subscription, handlers: Handlers) -> MemoryConsumer:
        handlers.require(subscription.events)
        queue = self.queue_of(subscription)

        async def work(message: Incoming) -> None:
            match await settle(message, subscription, handlers):
                case Later(tier=tier, trail=trail):
                    self._put_later(queue, Incoming(body=message.body, trail=trail), tier)
                case Dead(reason=reason, trail=trail):
                    await self._bury(message.body, subscription.queue, reason, trail)
                case Done():
                    pass

        return MemoryConsumer(queue, subscription.prefetch, work)

    def dead_letter_consumer(self, keep: Keep) -> MemoryConsumer:
        async def work(message: Incoming) -> None:
            if isinstance(message, Buried):
                await kept(message.letter, keep, is_ours=lambda: True)

        return MemoryConsumer(self._dead, 1, work)

    async def put_back(self, queue: str, body: bytes, history: Sequence[str]) -> None:
        if not self._open:
            raise PublishFailed("not entered")
        if queue not in self._queues:
            raise Unroutable(f"no queue is bound for {queue}")
        await self._queues[queue].put(Incoming(body=body, trail=Trail(history=tuple(history))))

    async def _bury(self, body: bytes, queue: str, reason: str, trail: Trail) -> None:
        now = utc_now()
        letter = DeadLetter(
            id=death_id(now, queue, body),
            body=body,
            queue=queue,
            reason=reason,
            history=trail.history,
            died_at=now,
        )
        self.dead_letters.append(letter)
        await self._dead.put(Buried(body=body, letter=letter))

    def listener(self, broadcast: Broadcast, handlers: Handlers) -> MemoryConsumer:
        handlers.require(broadcast.events)
        queue = MemoryQueue(frozenset(event.type for event in broadcast.events), MAX_BROADCAST_LENGTH)
        name = f"{broadcast.name}.{uuid4()}"

        async def work(message: Incoming) -> None:
            await hear(message.body, broadcast, handlers)

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

    def _put_later(self, queue: MemoryQueue, message: Incoming, tier: timedelta) -> None:
        async def wait() -> None:
            await asyncio.sleep(tier.total_seconds())
            await queue.put(message)

        task = asyncio.create_task(wait())
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)
