"""One process, one event loop: the application on its port, its metrics on another, until told to stop."""

import asyncio
from datetime import timedelta

import msgspec
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from litestar import Litestar
from litestar.types import ASGIApp
from prometheus_client import CollectorRegistry, make_asgi_app

from shared.http.application import ENDLESS
from shared.logs import get_logger

# A client that dribbles its header is cut off (slow loris).
HEADER_TIMEOUT_MS = 15_000


class Address(msgspec.Struct, frozen=True):
    host: str
    port: int


class Listeners(msgspec.Struct, frozen=True):
    """Where a service listens, how many requests it takes at once, and how long a stop may take.

    `buffer_bytes` is the most that is read from one connection at a time: a service that streams bodies is
    the faster the larger it is (`bench/relay.py`: 0.25 of the direct rate at 64 KiB, 0.55 at 512 KiB).
    """

    public: Address
    metrics: Address
    at_once: int = 2048
    grace: timedelta = timedelta(seconds=20)
    buffer_bytes: int = 64 * 1024


async def serve(
    app: Litestar, registry: CollectorRegistry, listeners: Listeners, stop: asyncio.Event
) -> None:
    """Serves until `stop` is set, then lets running requests finish within `grace`.

    Raises RuntimeError when a listener ends by itself (its port is taken, say).
    """
    async with app.lifespan():
        main = _server(app, listeners.public, listeners.at_once, listeners.buffer_bytes)
        metrics = _server(make_asgi_app(registry), listeners.metrics, 16, 64 * 1024)
        running = {asyncio.create_task(main.serve()), asyncio.create_task(metrics.serve())}
        stopping = asyncio.create_task(stop.wait())
        get_logger(__name__).info("listening", host=listeners.public.host, port=listeners.public.port)
        try:
            await asyncio.wait({*running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:  # also when what runs beside the application broke: a listener left running ends no process
            asked = stop.is_set()
            stopping.cancel()
            for end in app.state.get(ENDLESS, ()):
                end()
            for server in (main, metrics):
                server.stop()  # type: ignore[no-untyped-call]
            await _end(running, listeners.grace)
        if not asked:
            raise RuntimeError("a listener ended by itself")


def _server(app: ASGIApp, address: Address, at_once: int, buffer_bytes: int) -> Server:
    return Server(
        app,
        address=address.host,
        port=address.port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=1024,
        backpressure=at_once,
        log_enabled=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS, max_buffer_size=buffer_bytes),
    )


async def _end(running: set[asyncio.Task[None]], grace: timedelta) -> None:
    """Requests that do not finish in time are cut off: their clients see a broken answer, not a wrong one."""
    done, late = await asyncio.wait(running, timeout=grace.total_seconds())
    for task in late:
        get_logger(__name__).warning("cut off what did not finish in time", grace_s=grace.total_seconds())
        task.cancel()
    for task in done:
        if not task.cancelled() and (error := task.exception()):
            raise error
