"""Expiry of the gateway's pooled connections, compared with the stop of a service."""

import ssl
import time
from datetime import timedelta

import aiohttp.connector
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.proxy.http_sessions import open_http_sessions
from shared.http.server import QUIET_S

# What a request takes to its service.
ON_THE_WAY_S = 0.25


@pytest.mark.parametrize(("idle_s", "connections"), [(0.0, 1), (QUIET_S - ON_THE_WAY_S, 2)])
async def test_a_pooled_connection_expires_before_a_stopping_service_closes_it(
    monkeypatch: pytest.MonkeyPatch, idle_s: float, connections: int
) -> None:
    clients = set[object]()

    async def note(request: web.Request) -> web.Response:
        assert request.transport is not None
        clients.add(request.transport.get_extra_info("peername"))
        return web.Response()

    app = web.Application()
    app.router.add_get("/", note)
    minute, tls = timedelta(minutes=1), ssl.create_default_context()
    async with TestServer(app) as server, open_http_sessions(8, 8, minute, tls) as sessions:
        for later_s in (0.0, idle_s):
            now = time.monotonic() + later_s
            monkeypatch.setattr(aiohttp.connector, "monotonic", lambda now=now: now)
            async with sessions.pooled.get(server.make_url("/")) as answer:
                await answer.read()
    assert len(clients) == connections
