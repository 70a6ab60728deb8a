"""Sample webhooks and deliveries, and an HTTP receiver with scripted responses."""

import asyncio
import json
import secrets
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiohttp import web
from standardwebhooks import Webhook as Verifier

from notification_service.webhooks.delivery import Delivery, new_delivery
from notification_service.webhooks.endpoint import Endpoint

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def endpoint(owner_id: str = "ann", **changes: Any) -> Endpoint:
    made = Endpoint(
        id=secrets.token_hex(16),
        owner_id=owner_id,
        url="https://example.com/hook",
        events=None,
        secret="sealed",
        created_at=NOON,
    )
    return msgspec.structs.replace(made, **changes)


def delivery(to: Endpoint, event_id: str = "event-1", now: datetime = NOON, **changes: Any) -> Delivery:
    made = new_delivery(to, "conversion.completed", '{"a":1}', now=now, event_id=event_id)
    return msgspec.structs.replace(made, **changes)


@dataclass
class Call:
    """A received request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> Any:
        """Returns the payload. Raises WebhookVerificationError unless `secret` signed it."""
        return Verifier(secret).verify(self.body, self.headers)

    @property
    def payload(self) -> Any:
        return json.loads(self.body)


Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Receiver:
    """A webhook receiver. It responds with `answers` in order, then always with 204."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    answers: list[int | Answering] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    """Ids of the messages answered with 2xx, in order."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = Call(request.path, headers, await request.read())
        self.calls.append(call)
        said = self.answers.pop(0) if self.answers else 204
        if not isinstance(said, int):
            return await said(request)
        if said < 300:
            self.taken.append(call.id)
        return web.Response(status=said, headers={"Location": self.url} if 300 <= said < 400 else {})


@asynccontextmanager
async def receiver(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Runs a receiver on a free loopback port."""
    made = Receiver()
    app = web.Application()
    app.router.add_post("/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    scheme = "https" if tls else "http"
    made.url = f"{scheme}://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield made
    finally:
        await runner.cleanup()


async def drop(request: web.Request) -> web.StreamResponse:
    """Closes the connection without a response."""
    assert request.transport is not None
    request.transport.abort()
    raise asyncio.CancelledError


async def hang(request: web.Request) -> web.StreamResponse:
    """Never responds."""
    await asyncio.Event().wait()
    raise AssertionError


async def drip(request: web.Request) -> web.StreamResponse:
    """Responds with 200 and an endless body."""
    answer = web.StreamResponse()
    await answer.prepare(request)
    while True:
        await answer.write(b".")
        await asyncio.sleep(0.05)


async def flood(request: web.Request) -> web.StreamResponse:
    """Responds with a body of 64 MiB."""
    answer = web.StreamResponse()
    await answer.prepare(request)
    for _ in range(1024):
        await answer.write(b"x" * 65536)
    return answer
