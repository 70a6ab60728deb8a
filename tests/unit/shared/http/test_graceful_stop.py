"""Graceful stop: running requests finish, new ones are refused, health checks are answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from litestar import get
from prometheus_client import CollectorRegistry

from devstack.ports import free_port
from shared.http import Address, Check, Listeners, Wiring, build_application, serve
from tests.support.wait import until


@dataclass
class Running:
    """A service with one slow route, and with other work to drain."""

    url: str
    http: aiohttp.ClientSession
    serving: "asyncio.Task[None]"
    stop: asyncio.Event
    called: asyncio.Event = field(default_factory=asyncio.Event)
    answer: asyncio.Event = field(default_factory=asyncio.Event)
    beside: asyncio.Event = field(default_factory=asyncio.Event)

    async def get(self, path: str) -> tuple[int, aiohttp.ClientResponse]:
        async with self.http.get(self.url + path) as response:
            await response.read()
            return response.status, response

    async def status(self, path: str) -> int:
        return (await self.get(path))[0]


@asynccontextmanager
async def service() -> AsyncIterator[Running]:
    port, stop = free_port(), asyncio.Event()

    @get("/slow")
    async def slow() -> str:
        running.called.set()
        await running.answer.wait()
        return "done"

    async def probe() -> None:
        return None

    async def finish() -> None:
        await running.beside.wait()

    registry = CollectorRegistry()
    checks = [Check("database", probe)]
    app = build_application(Wiring(controllers=[slow], checks=checks, drains=[finish], registry=registry))
    address = Listeners(Address("127.0.0.1", port), Address("127.0.0.1", free_port()))
    async with aiohttp.ClientSession() as http:
        serving = asyncio.create_task(serve(app, registry, address, stop))
        running = Running(f"http://127.0.0.1:{port}", http, serving, stop)
        await until(lambda: _answers(running), what="it answers")
        try:
            yield running
        finally:
            running.answer.set()
            running.beside.set()
            stop.set()
            await serving


async def _answers(running: Running) -> bool:
    try:
        return await running.status("/readyz") == 200
    except aiohttp.ClientConnectorError:
        return False


async def _is_draining(running: Running) -> bool:
    return await running.status("/readyz") == 503


async def test_running_requests_finish_and_new_ones_are_refused() -> None:
    async with service() as running:
        slow = asyncio.create_task(running.get("/slow"))
        await running.called.wait()
        running.stop.set()
        await until(lambda: _is_draining(running), what="it says that it is not ready")
        assert await running.status("/healthz") == 200
        status, refused = await running.get("/slow")
        assert (status, refused.headers["Retry-After"], refused.headers["Connection"]) == (503, "1", "close")
        assert refused.content_type == "application/problem+json"
        assert refused.headers["Tonegate-Unhandled"] == "stopping"
        running.beside.set()
        running.answer.set()
        assert (await slow)[0] == 200
        await running.serving
        with pytest.raises(aiohttp.ClientConnectorError):
            await running.status("/healthz")


async def test_health_checks_are_answered_until_other_work_is_drained() -> None:
    async with service() as running:
        running.stop.set()
        await until(lambda: _is_draining(running), what="it says that it is not ready")
        assert await running.status("/healthz") == 200
        assert not running.serving.done()
        running.beside.set()
        await running.serving
