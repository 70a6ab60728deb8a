"""Health check command of the images, against the application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from devstack.ports import free_port
from shared.healthcheck import ready
from shared.http import Address, Check, Listeners, Wiring, build_application, serve
from tests.support.wait import until


async def ok() -> None:
    """A healthy dependency."""


async def broken() -> None:
    raise ConnectionError


@asynccontextmanager
async def served(check: Check) -> AsyncIterator[int]:
    registry, stop, port = CollectorRegistry(), asyncio.Event(), free_port()
    app = build_application(Wiring(controllers=(), checks=(check,), registry=registry))
    listeners = Listeners(Address("127.0.0.1", port), Address("127.0.0.1", free_port(avoid=[port])))
    serving = asyncio.create_task(serve(app, registry, listeners, stop))
    try:
        yield port
    finally:
        stop.set()
        await serving


async def asked(port: int) -> bool:
    return await asyncio.to_thread(ready, port)


async def test_a_service_that_can_work_is_healthy() -> None:
    async with served(Check("database", ok)) as port:
        await _listening(port)
        assert await asked(port)


async def test_a_service_that_misses_what_it_needs_is_not() -> None:
    async with served(Check("database", broken)) as port:
        await _listening(port)
        assert not await asked(port)


async def test_a_service_that_does_not_answer_is_not() -> None:
    assert not await asked(free_port())


async def _listening(port: int) -> None:
    async def connects() -> list[int]:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return []
        writer.close()
        return [port]

    await until(connects, what="the service listens")
