"""A gateway in this process, on a real server and port, with stub services behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
from prometheus_client import CollectorRegistry

from devstack.ports import free_port
from gateway.app import build
from gateway.modules.web.files import BUILT
from gateway.proxy.http_sessions import open_http_sessions
from gateway.settings import GatewaySettings
from shared.http import Address, Listeners, serve
from shared.messaging.ports import Broker
from shared.settings import Secret
from tests.integration.gateway.services import AuthServiceStub, ServiceStub, accept
from tests.support.gateway_tokens import gateway_key
from tests.support.messaging import MemoryBroker
from tests.support.wait import until

TOKEN = "t1"
SIGNED_IN = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class Rig:
    """A running gateway and its stub services; `http` is an HTTP client, `connect` opens a plain socket."""

    port: int
    auth: AuthServiceStub
    converter: ServiceStub
    notification: ServiceStub
    broker: Broker
    http: aiohttp.ClientSession
    stop: asyncio.Event

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        """Clears the recorded requests and restores the default responses of the services."""
        for service in (self.auth, self.converter, self.notification):
            service.seen.clear()
        self.converter.script = self.notification.script = accept

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=65536)
        try:
            yield reader, writer
        finally:
            writer.close()


@asynccontextmanager
async def running(
    broker: Broker | None = None, page_folder: Path = BUILT, **changes: Any
) -> AsyncIterator[Rig]:
    """Starts a gateway with default settings and `changes`; the default broker is in memory."""
    broker = broker or MemoryBroker(())
    async with AuthServiceStub() as auth, ServiceStub() as converter, ServiceStub() as notification:
        auth.sign_in(TOKEN)
        settings = GatewaySettings(
            **{
                "introspection_secret": Secret("introspection-secret"),
                "token_key": gateway_key().pem,
                "amqp_url": Secret("amqp://unused"),
                "port": free_port(),
                "auth_url": auth.url,
                "converter_url": converter.url,
                "notification_url": notification.url,
                "rate_upload": "1000/hour",
                "rate_webhook_test": "1000/hour",
                **changes,
            }
        )
        stop = asyncio.Event()
        async with serving(settings, broker, stop, page_folder) as port, aiohttp.ClientSession() as http:
            yield Rig(port, auth, converter, notification, broker, http, stop)


@asynccontextmanager
async def serving(
    settings: GatewaySettings, broker: Broker, stop: asyncio.Event, page_folder: Path = BUILT
) -> AsyncIterator[int]:
    port, registry = settings.port, CollectorRegistry()
    # No client of a test has a request on its way when the gateway stops.
    listeners = Listeners(Address("127.0.0.1", port), Address("127.0.0.1", free_port()), quiet=timedelta(0))
    async with open_http_sessions(64, 64, settings.idle_timeout, settings.client_context()) as sessions:
        app = build(settings, sessions, broker, registry, page_folder)
        task = asyncio.create_task(serve(app, registry, listeners, stop))
        try:
            await until(lambda: answers(port, task), what="the gateway answers")
            yield port
        finally:
            stop.set()
            await task


async def answers(port: int, task: "asyncio.Task[None]") -> bool:
    if task.done():
        task.result()
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
