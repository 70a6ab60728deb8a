"""The broker in this process: the same promises as RabbitMQ's, for tests and for trying things out."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Self
from uuid import uuid4

import msgspec

from shared.contracts.events import EVENTS
from shared.messaging.dead_letters import DeadLetter, Keep, death_id, kept
from shared.messaging.envelope import Envelope, encode
from shared.messaging.errors import NotReady, PublishFailed, Unroutable
from shared.messaging.handlers import Handlers
from shared.messaging.hear import hear
from shared.messaging.ports import Broadcast, Subscription, nothing_missed
from shared.messaging.settle import Dead, Done, Incoming, Later, settle
from shared.messaging.slots import Slots
from shared.messaging.trail import Trail

MAY_BE_UNHEARD = frozenset(event.type for event in EVENTS if not event.needs_listener)
MAX_BROADCAST_LENGTH = 10_000
MAX_DEAD_LETTERS = 100_000


class Buried(Incoming, frozen=True, kw_only=True):
    """What lies in the dead-letter queue."""

    letter: DeadLetter


class MemoryQueue:
    """Messages in order; one that is handed back goes to the front, as in RabbitMQ."""

    def __init__(self, types: frozenset[str], max_length: int) -> None:
        self.types = types
        self.max_length = max_length
        self._messages: deque[Incoming] = deque()
        self._filled = asyncio.Condition()

    def __len__(self) -> int:
        return len(self._messages)

    async def put(self, message: Incoming) -> None:
        async with self._filled:
            self._messages.append(message)
            self._filled.notify_all()

    async def hand_back(self, message: Incoming) -> None:
        async with self._filled:
            self._messages.appendleft(msgspec.structs.replace(message, redelivered=True))
            self._filled.notify_all()

    async def take(self) -> Incoming:
        async with self._filled:
            await self._filled.wait_for(lambda: self._messages)
            return self._messages.popleft()


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

    def consumer(self, subscription: Subscription, handlers: Handlers) -> "MemoryConsumer":
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

    def dead_letter_consumer(self, keep: Keep) -> "MemoryConsumer":
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
        now = datetime.now(UTC)
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

    def listener(self, broadcast: Broadcast, handlers: Handlers) -> "MemoryConsumer":
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


class MemoryConsumer:
    def __init__(
        self,
        queue: MemoryQueue,
        prefetch: int,
        work: Callable[[Incoming], Awaitable[None]],
        begin: Callable[[], Awaitable[None]] = nothing_missed,
        end: Callable[[], object] = lambda: None,
    ) -> None:
        self._queue = queue
        self._work = work
        self._begin = begin
        self._end = end
        self._slots = Slots(prefetch)
        self._places = asyncio.Semaphore(prefetch)
        self._ready = asyncio.Event()
        self._over = asyncio.Event()
        self._stopping = asyncio.Event()
        self._started = False
        self._grace_s = 0.0

    async def run(self) -> None:
        self._started = True
        taking = asyncio.create_task(self._take())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({taking, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if taking.done():
                taking.result()
            taking.cancel()
            await self._slots.drain(self._grace_s)
        finally:
            taking.cancel()
            stopping.cancel()
            self._ready.clear()
            self._end()
            await self._slots.drain(0)
            self._over.set()

    async def stop(self, grace: timedelta) -> None:
        self._grace_s = grace.total_seconds()
        self._stopping.set()
        if self._started:
            await self._over.wait()

    async def ready(self) -> None:
        await self._ready.wait()

    async def check(self) -> None:
        if self._stopping.is_set() or not self._ready.is_set():
            raise NotReady("stopping or not running")

    async def _take(self) -> None:
        await self._begin()
        self._ready.set()
        while not self._stopping.is_set():
            await self._places.acquire()
            message = await self._queue.take()
            self._slots.start(partial(self._settle, message), partial(self._hand_back, message))

    async def _settle(self, message: Incoming) -> None:
        if self._stopping.is_set():
            await self._queue.hand_back(message)
        else:
            await self._work(message)
        self._places.release()

    async def _hand_back(self, message: Incoming) -> None:
        await self._queue.hand_back(message)
        self._places.release()
