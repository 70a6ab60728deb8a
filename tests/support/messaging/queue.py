"""A queue in this process."""

import asyncio
from collections import deque

from msgspec.structs import replace

from shared.messaging.dispatch import Incoming


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
            self._messages.appendleft(replace(message, redelivered=True))
            self._filled.notify_all()

    async def take(self) -> Incoming:
        async with self._filled:
            await self._filled.wait_for(lambda: self._messages)
            return self._messages.popleft()
