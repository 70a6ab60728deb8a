"""One process, one event loop: the application on its port, its metrics on another, until told to stop."""

import asyncio
import contextlib
import time
from datetime import timedelta

import msgspec
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from litestar import Litestar
from litestar.types import ASGIApp
from prometheus_client import CollectorRegistry, make_asgi_app

from shared.http.application import BESIDE, DRAINING, ENDLESS
from shared.http.graceful_stop import GracefulStop
from shared.logs import get_logger

# A client that dribbles its header is cut off (slow loris).
HEADER_TIMEOUT_MS = 15_000
# Once no request runs, connections that idle are closed at once.
LEAST_GRACE_S = 1.0


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
    """Serves until `stop` is set, then refuses new requests and lets running ones finish within `grace`.

    Raises RuntimeError when a listener ends by itself (its port is taken, say).
    """
    async with app.lifespan():
        main = _server(app, listeners.public, listeners.at_once, listeners.buffer_bytes)
        metrics = _server(make_asgi_app(registry), listeners.metrics, 16, 64 * 1024)
        running = {asyncio.create_task(main.serve()), asyncio.create_task(metrics.serve())}
        stopping = asyncio.create_task(stop.wait())
        get_logger(__name__).info("listening", host=listeners.public.host, port=listeners.public.port)
        left_s = listeners.grace.total_seconds()
        try:
            await asyncio.wait({*running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if asked := stop.is_set():
                left_s = await _drained(app, left_s)
        finally:  # also when what runs beside the application broke: a listener left running ends no process
            stopping.cancel()
            _begin_to_stop(app)
            for server in (main, metrics):
                server.stop()  # type: ignore[no-untyped-call]
            await _end(running, max(left_s, LEAST_GRACE_S))
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


def _begin_to_stop(app: Litestar) -> GracefulStop:
    """Safe to repeat."""
    draining: GracefulStop = app.state[DRAINING]
    draining.begin()
    for end in app.state[ENDLESS]:
        end()
    return draining


async def _drained(app: Litestar, grace_s: float) -> float:
    """Health is answered all the while. Returns how many seconds of the grace are left."""
    get_logger(__name__).info("stopping", grace_s=grace_s)
    began = time.monotonic()
    draining = _begin_to_stop(app)
    handing_back = asyncio.gather(*(finish() for finish in app.state[BESIDE]))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(grace_s):
            await draining.finished()
    await handing_back
    return grace_s - (time.monotonic() - began)


async def _end(running: set[asyncio.Task[None]], grace_s: float) -> None:
    """Requests that do not finish in time are cut off: their clients see a broken answer, not a wrong one."""
    done, late = await asyncio.wait(running, timeout=grace_s)
    for task in late:
        get_logger(__name__).warning("cut off what did not finish in time")
        task.cancel()
    for task in done:
        if not task.cancelled() and (error := task.exception()):
            raise error
