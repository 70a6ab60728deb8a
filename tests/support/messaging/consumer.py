"""In-memory consumer of one queue."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from shared.messaging.dispatch import IncomingMessage
from shared.messaging.errors import NotReady
from shared.messaging.handler_pool import HandlerPool
from shared.messaging.ports import nothing_missed
from tests.support.messaging.queue import MemoryQueue


class MemoryConsumer:
    def __init__(
        self,
        queue: MemoryQueue,
        prefetch: int,
        work: Callable[[IncomingMessage], Awaitable[None]],
        begin: Callable[[], Awaitable[None]] = nothing_missed,
        end: Callable[[], object] = lambda: None,
    ) -> None:
        self._queue = queue
        self._work = work
        self._begin = begin
        self._end = end
        self._handlers = HandlerPool(prefetch)
        self._places = asyncio.Semaphore(prefetch)
        self._ready = asyncio.Event()
        self._over = asyncio.Event()
        self._stopping = asyncio.Event()
        self._started = False
        self._grace_s = 0.0
        self._since = 0.0

    async def run(self) -> None:
        self._started = True
        taking = asyncio.create_task(self._take())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({taking, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if taking.done():
                taking.result()
            taking.cancel()
            await self._handlers.drain(self._grace_s)
        finally:
            taking.cancel()
            stopping.cancel()
            self._ready.clear()
            self._end()
            await self._handlers.drain(0)
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

    def consumed_for(self) -> timedelta:
        if self._stopping.is_set() or not self._ready.is_set():
            return timedelta()
        return timedelta(seconds=asyncio.get_running_loop().time() - self._since)

    async def _take(self) -> None:
        await self._begin()
        self._since = asyncio.get_running_loop().time()
        self._ready.set()
        while not self._stopping.is_set():
            await self._places.acquire()
            message = await self._queue.take()
            self._handlers.start(partial(self._settle, message), partial(self._requeue, message))

    async def _settle(self, message: IncomingMessage) -> None:
        if self._stopping.is_set():
            await self._queue.requeue(message)
        else:
            await self._work(message)
        self._places.release()

    async def _requeue(self, message: IncomingMessage) -> None:
        await self._queue.requeue(message)
        self._places.release()
