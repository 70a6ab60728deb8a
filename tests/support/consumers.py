"""Runs message consumers in tests, with scripted handlers that record deliveries."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

from shared.contracts.events import Event
from shared.messaging.envelope import Envelope, wrap
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.ports import Broadcast, Broker, Consumer, Subscription
from tests.support.wait import PATIENCE_S, until

Script = Callable[[Event, Delivery], Awaitable[None]]


async def approve(event: Event, delivery: Delivery) -> None:
    """A handler that succeeds."""


class Recorder:
    """Records each delivery, then runs `script`; `done` lists the deliveries whose script returned."""

    def __init__(self, script: Script = approve) -> None:
        self.script = script
        self.deliveries: list[Delivery] = []
        self.done: list[str] = []

    @property
    def ids(self) -> list[str]:
        return [delivery.envelope.id for delivery in self.deliveries]

    async def __call__(self, event: Event, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        await self.script(event, delivery)
        self.done.append(delivery.envelope.id)

    async def received(self, count: int) -> None:
        await until(lambda: len(self.deliveries) >= count, what=f"delivery number {count}")

    async def finished(self, count: int) -> None:
        await until(lambda: len(self.done) >= count, what=f"handler finished number {count}")


class Gate:
    """A script that waits until `opened` is set, and counts concurrent runs."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.running = 0
        self.most = 0

    async def __call__(self, event: Event, delivery: Delivery) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.opened.wait()
        finally:
            self.running -= 1


class Failing:
    """A script that raises the given errors in turn, then succeeds."""

    def __init__(self, *errors: BaseException) -> None:
        self._errors = list(errors)

    async def __call__(self, event: Event, delivery: Delivery) -> None:
        if self._errors:
            raise self._errors.pop(0)


def handlers(subscription: Subscription | Broadcast, handler: Script) -> Handlers:
    return Handlers(dict.fromkeys(subscription.events, handler), expected=subscription.events)


@contextlib.asynccontextmanager
async def running(consumer: Consumer) -> AsyncIterator[asyncio.Task[None]]:
    """Runs a consumer once it is ready; cancelling the task simulates the death of the process."""
    task = asyncio.create_task(consumer.run())
    try:
        async with asyncio.timeout(PATIENCE_S):
            await consumer.ready()
        yield task
    finally:
        async with asyncio.timeout(PATIENCE_S):
            await consumer.stop(timedelta(0))
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def consuming(broker: Broker, subscription: Subscription, handler: Script) -> AsyncIterator[Consumer]:
    consumer = broker.consumer(subscription, handlers(subscription, handler))
    async with running(consumer):
        yield consumer


async def kill(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def publish(broker: Broker, *events: Event) -> list[Envelope]:
    """Publishes events once the broker is connected; returns their envelopes."""
    envelopes = [wrap(event, "/test", "subject") for event in events]
    _: bool = await until(lambda: _can_publish(broker), what="the broker can publish")
    for envelope in envelopes:
        await broker.publish(envelope)
    return envelopes


async def _can_publish(broker: Broker) -> bool:
    with contextlib.suppress(Exception):
        await broker.check()
        return True
    return False
