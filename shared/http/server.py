"""Granian server in this process: the application on one port, its metrics on another, until stopped."""

import asyncio
import contextlib
import resource
import time
from datetime import timedelta

import msgspec
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from litestar import Litestar
from litestar.types import ASGIApp
from prometheus_client import CollectorRegistry, make_asgi_app

from shared.http.application import STOP_STEPS, StopSteps
from shared.http.detachable_server import DetachableServer
from shared.http.late_connections import ResponseFields, answering_late_connections, no_fields
from shared.logs import get_logger
from shared.settings import ServerCertificate

# Cuts off clients that send their header too slowly (slow loris), and ends idle connections. Longer than
# clients keep one by default (httpx 5 s, aiohttp 15 s), and no interval at which a client is likely to poll:
# a request that is sent when its connection is closed gets no answer.
HEADER_TIMEOUT_MS = 23_000
# Time to close idle connections when no request is running any more.
MIN_GRACE_S = 1.0
# Idle connections are closed once none was used for the first of these times, or after the second one: their
# clients would lose a request that is on its way just then. The first one is longer than the gateway keeps a
# connection in its pool.
QUIET_S, MAX_QUIET_S = 1.5, 5.0
# A connection that was accepted just before the end of the quiet period is closed unless its first request
# has arrived.
FIRST_REQUEST_S = 0.3
# A client that reads only after its whole body loses the answer if the connection ends earlier.
MIN_BODY_S, MAX_BODY_S = 3.0, 8.0
# Descriptors for other purposes: listeners, the broker, logs, the runtime.
RESERVED = 64


class Address(msgspec.Struct, frozen=True):
    host: str
    port: int


class Listeners(msgspec.Struct, frozen=True):
    """Addresses of a service, and the limits of its server.

    `certificate` makes the public address one of https; the metrics stay plain.
    `buffer_bytes` is the most that is read from one connection at a time: larger buffers stream bodies faster
    (`bench/relay.py`: 0.25 of the direct rate at 64 KiB, 0.55 at 512 KiB). `grace` bounds a graceful stop, in
    which connections are closed once none was used for `quiet`. `late_fields` are added to the answers that
    connections get at the end of a stop, without the application.
    """

    public: Address
    metrics: Address
    certificate: ServerCertificate | None = None
    max_requests: int = 2048
    grace: timedelta = timedelta(seconds=20)
    quiet: timedelta = timedelta(seconds=QUIET_S)
    buffer_bytes: int = 64 * 1024
    late_fields: ResponseFields = no_fields


def connection_limit(wanted: int, others: int) -> int:
    """The number of client connections that may be open at once, besides `others` to other servers.

    Raises the process's soft limit as far as allowed; returns less than `wanted` where that does not suffice.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + others + RESERVED
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    possible = max(16, soft - others - RESERVED)
    get_logger(__name__).warning("connection limit reduced", wanted=wanted, possible=possible)
    return possible


async def serve(
    app: Litestar, registry: CollectorRegistry, listeners: Listeners, stop: asyncio.Event
) -> None:
    """Serves until `stop` is set, then refuses new requests and lets running ones finish within `grace`.

    Raises RuntimeError when a listener ends by itself, because its port is taken for instance.
    """
    async with app.lifespan():
        certificate = listeners.certificate
        tls = certificate.context() if certificate else None
        main = _server(app, listeners.public, listeners.max_requests, listeners.buffer_bytes, certificate)
        metrics = _server(make_asgi_app(registry), listeners.metrics, 16, 64 * 1024)
        running = {asyncio.create_task(main.serve()), asyncio.create_task(metrics.serve())}
        stopping = asyncio.create_task(stop.wait())
        get_logger(__name__).info("listening", host=listeners.public.host, port=listeners.public.port)
        left_s = listeners.grace.total_seconds()
        try:
            await asyncio.wait({*running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if was_stopped := stop.is_set():
                left_s = await _drain(app, left_s)
        finally:  # also after an error: a listener left running would keep the process alive
            stopping.cancel()
            _stop_steps(app).begin()
            # First, so that each connection of the server has the quiet period for its first request.
            async with answering_late_connections(main.detach(), listeners.late_fields, tls=tls):
                left_s = await _keep_quiet(app, left_s, listeners.quiet.total_seconds())
                await asyncio.sleep(FIRST_REQUEST_S)
                left_s = await _drain_bodies(app, left_s)
                for server in (main, metrics):
                    server.stop()  # type: ignore[no-untyped-call]
                await _end(running, max(left_s, MIN_GRACE_S))
        if not was_stopped:
            raise RuntimeError("a listener ended by itself")


def _server(
    app: ASGIApp,
    address: Address,
    max_requests: int,
    buffer_bytes: int,
    certificate: ServerCertificate | None = None,
) -> DetachableServer:
    return DetachableServer(
        app,
        address=address.host,
        port=address.port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=1024,
        backpressure=max_requests,
        log_enabled=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS, max_buffer_size=buffer_bytes),
        ssl_cert=certificate.certificate if certificate else None,
        ssl_key=certificate.key if certificate else None,
        ssl_protocol_min=SSLProtocols.tls12,
    )


def _stop_steps(app: Litestar) -> StopSteps:
    steps: StopSteps = app.state[STOP_STEPS]
    return steps


async def _drain(app: Litestar, grace_s: float) -> float:
    """Waits for running requests and other work. Returns the seconds of grace that are left."""
    get_logger(__name__).info("stopping", grace_s=grace_s)
    began = time.monotonic()
    steps = _stop_steps(app)
    steps.begin()
    drains = asyncio.gather(*(drain() for drain in steps.drains))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(grace_s):
            await steps.graceful_stop.finished()
    await drains
    return grace_s - (time.monotonic() - began)


async def _keep_quiet(app: Litestar, grace_s: float, quiet_s: float) -> float:
    """Waits until no connection has been used for `quiet_s`. Returns the seconds of grace that are left."""
    began = time.monotonic()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(min(MAX_QUIET_S, max(grace_s, 0.0))):
            await _stop_steps(app).graceful_stop.quiet(quiet_s)
    return grace_s - (time.monotonic() - began)


async def _drain_bodies(app: Litestar, grace_s: float) -> float:
    """Waits for refused bodies that clients are still sending, also for MIN_BODY_S after the grace.

    Returns the seconds of grace that are left.
    """
    began = time.monotonic()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(min(MAX_BODY_S, max(MIN_BODY_S, grace_s))):
            await _stop_steps(app).body_drain.finished()
    return grace_s - (time.monotonic() - began)


async def _end(running: set[asyncio.Task[None]], grace_s: float) -> None:
    """Cuts off requests that do not finish in time: their clients get an incomplete response."""
    done, late = await asyncio.wait(running, timeout=grace_s)
    for task in late:
        get_logger(__name__).warning("requests cut off at the end of the grace period")
        task.cancel()
    for task in done:
        if not task.cancelled() and (error := task.exception()):
            raise error
