"""Runs the notification service within the test process, and a broker that publishes its events."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx

from notification_service.app import HANDOVER, run
from notification_service.settings import NotificationSettings
from shared.messaging.rabbitmq.broker import RabbitMQ
from shared.messaging.subscriptions import SUBSCRIPTIONS
from tests.support.wait import PATIENCE_S, until


async def is_ready(client: httpx.AsyncClient) -> bool:
    return await _answers(client, "/readyz")


async def is_alive(client: httpx.AsyncClient) -> bool:
    return await _answers(client, "/healthz")


@asynccontextmanager
async def running(
    settings: NotificationSettings,
    is_ready: Callable[[httpx.AsyncClient], Awaitable[bool]] = is_ready,
    handover: timedelta = HANDOVER,
) -> AsyncIterator[httpx.AsyncClient]:
    """Yields an HTTP client of the service once it is ready; re-raises an error of the service at exit."""
    stop = asyncio.Event()
    service = asyncio.create_task(run(settings, stop, handover))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", timeout=PATIENCE_S) as client:
        try:
            await until(lambda: service.done() or is_ready(client), what="the service is ready")
            yield client
        finally:
            stop.set()
            async with asyncio.timeout(PATIENCE_S):
                await service


async def _answers(client: httpx.AsyncClient, path: str) -> bool:
    try:
        return (await client.get(path)).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


@asynccontextmanager
async def publishing(settings: NotificationSettings) -> AsyncIterator[RabbitMQ]:
    async with RabbitMQ(settings.amqp_url.reveal(), "test", SUBSCRIPTIONS) as broker:
        await until(lambda: _publishes(broker), what="the broker takes messages")
        yield broker


async def _publishes(broker: RabbitMQ) -> bool:
    try:
        await broker.check()
    except Exception:  # noqa: BLE001 - any error means not ready
        return False
    return True
