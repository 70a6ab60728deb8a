"""Metrics of requests by route."""

import math
from typing import Any

from litestar import get, post
from litestar.connection import Request
from litestar.params import FromPath
from litestar.testing import AsyncTestClient
from prometheus_client import CollectorRegistry

from shared.http import Wiring, build_application
from tests.support.metrics import value


@post("/echo/{name:str}")
async def echo(name: FromPath[str], request: Request[Any, Any, Any]) -> bytes:
    return await request.body()


@get("/running")
async def running() -> str:
    return "one"


async def test_requests_and_bytes_count_for_their_route_and_never_for_their_path() -> None:
    registry = CollectorRegistry()
    app = build_application(Wiring(controllers=[echo, running], registry=registry))
    async with AsyncTestClient(app) as client:
        for name in ("ann", "bob"):
            answer = await client.post(f"/echo/{name}", json="x" * 100)
            assert answer.status_code == 201
        await client.get("/nowhere")
    route = {"method": "POST", "route": "/echo/{name}"}
    assert value(registry, "http_requests_total", **route, status="201") == 2
    assert value(registry, "http_request_seconds_count", **route) == 2
    assert value(registry, "http_request_body_bytes_total", route="/echo/{name}") == 2 * 102
    assert value(registry, "http_response_body_bytes_total", route="/echo/{name}") >= 2 * 102
    assert value(registry, "http_requests_total", method="GET", route="unmatched", status="404") == 1
    assert value(registry, "http_request_body_bytes_total", route="unmatched") == 0


async def test_a_request_counts_as_running_until_its_response_has_ended() -> None:
    registry, during = CollectorRegistry(), list[float]()

    @get("/seen")
    async def seen() -> str:
        during.append(value(registry, "http_requests_in_progress"))
        return "ok"

    async with AsyncTestClient(build_application(Wiring(controllers=[seen], registry=registry))) as client:
        await client.get("/seen")
    assert during == [1.0]
    assert value(registry, "http_requests_in_progress") == 0
    assert not math.isnan(value(registry, "http_response_body_bytes_total", route="/seen"))
