"""In-memory message queue."""

import asyncio
from collections import deque

from msgspec.structs import replace

from shared.messaging.dispatch import IncomingMessage


class MemoryQueue:
    """First in, first out; a requeued message goes to the front, as in RabbitMQ."""

    def __init__(self, types: frozenset[str], max_length: int) -> None:
        self.types = types
        self.max_length = max_length
        self._messages: deque[IncomingMessage] = deque()
        self._filled = asyncio.Condition()

    def __len__(self) -> int:
        return len(self._messages)

    async def put(self, message: IncomingMessage) -> None:
        async with self._filled:
            self._messages.append(message)
            self._filled.notify_all()

    async def requeue(self, message: IncomingMessage) -> None:
        async with self._filled:
            self._messages.appendleft(replace(message, redelivered=True))
            self._filled.notify_all()

    async def take(self) -> IncomingMessage:
        async with self._filled:
            await self._filled.wait_for(lambda: self._messages)
            return self._messages.popleft()
