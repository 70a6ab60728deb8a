"""Consumer of records that receives them only while this process can reach the store."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from notification_service.retry import STORE_RETRY_S, pause_until
from shared.contracts.events import Event
from shared.errors import Unavailable
from shared.logs import get_logger
from shared.messaging.errors import NotReady, Retry
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.ports import Broker, Consumer
from shared.messaging.subscriptions import NOTIFICATION_RECORDS

# Between two looks whether the store is back.
PAUSE = timedelta(seconds=1)
# The broker counts what is given back, and dead-letters a message after some twenty times.
GIVEN_BACK_EVERY_S = 30.0

log = get_logger(__name__)


class RecordConsumer:
    """A Consumer of NOTIFICATION_RECORDS that calls `records`.

    While the store is unavailable it gives back to the broker what it has received, and receives nothing
    until `check_store` succeeds: a process that reaches the store then gets the records at once. They must
    arrive there before it takes over what they are about (see TakeoverByRecords).

    A process that stops, or has given back records within GIVEN_BACK_EVERY_S, has them delivered again after
    STORE_RETRY_S instead.
    """

    def __init__(
        self,
        broker: Broker,
        records: Handlers,
        check_store: Callable[[], Awaitable[None]],
        pause: timedelta = PAUSE,
    ) -> None:
        self._broker, self._records = broker, records
        self._check_store, self._pause = check_store, pause
        self._events = NOTIFICATION_RECORDS.events
        self._consumer: Consumer | None = None
        self._consuming, self._interrupted = asyncio.Event(), asyncio.Event()
        self._stopping, self._over = asyncio.Event(), asyncio.Event()
        self._started, self._grace = False, timedelta()
        self._given_back_at: float | None = None

    async def run(self) -> None:
        """Like Consumer.run."""
        self._started = True
        try:
            while not self._stopping.is_set():
                await self._consume()
                await self._wait_for_store()
        finally:
            self._over.set()

    async def stop(self, grace: timedelta) -> None:
        """Like Consumer.stop."""
        if not self._interrupted.is_set():
            self._grace = grace
        self._stopping.set()
        self._interrupted.set()
        if self._started:
            await self._over.wait()

    async def ready(self) -> None:
        """Waits until records are being consumed."""
        await self._consuming.wait()
        if self._consumer is not None:
            await self._consumer.ready()

    async def check(self) -> None:
        """Raises NotReady while no records can arrive."""
        if self._consumer is None or self._interrupted.is_set():
            raise NotReady("stopping, or the store is unavailable")
        await self._consumer.check()

    def consumed_for(self) -> timedelta:
        """Like Consumer.consumed_for: zero while the store is unavailable."""
        if self._consumer is None or self._interrupted.is_set():
            return timedelta()
        return self._consumer.consumed_for()

    async def _consume(self) -> None:
        """Consumes until the store is unavailable, or `stop` is called."""
        handlers = Handlers(dict.fromkeys(self._events, self._handle), expected=self._events)
        self._consumer = consumer = self._broker.consumer(NOTIFICATION_RECORDS, handlers)
        self._consuming.set()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(consumer.run())
                await self._interrupted.wait()
                # Without a grace what is being handled is cancelled, and so given back.
                await consumer.stop(self._grace)
        finally:
            self._consuming.clear()
            self._consumer = None

    async def _wait_for_store(self) -> None:
        while not self._stopping.is_set():
            await pause_until(self._stopping, self._pause)
            try:
                await self._check_store()
            except Unavailable:
                continue
            log.info("store is back, records are consumed again")
            self._interrupted.clear()
            return

    async def _handle(self, event: Event, delivery: Delivery) -> None:
        try:
            await self._records.handle(event, delivery)
        except Unavailable as unavailable:
            if self._stopping.is_set() or self._has_given_back():
                raise Retry(STORE_RETRY_S, str(unavailable), counts=False) from unavailable
            await self._give_back()

    def _has_given_back(self) -> bool:
        """True if records were given back within GIVEN_BACK_EVERY_S, and are received again since then."""
        if self._given_back_at is None or self._interrupted.is_set():
            return False
        return asyncio.get_running_loop().time() - self._given_back_at < GIVEN_BACK_EVERY_S

    async def _give_back(self) -> None:
        """Ends consuming, and holds the message until that cancels its handler."""
        if not self._interrupted.is_set():
            log.warning("store unavailable, records are given back to the broker")
            self._given_back_at = asyncio.get_running_loop().time()
            self._interrupted.set()
        await asyncio.Event().wait()
