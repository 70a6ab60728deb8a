"""Stub of auth_service and converter: accepts every token, discards uploads."""

import asyncio
import time
from typing import Any

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from litestar import Litestar, Request, get, post


@post("/v1/conversions", status_code=202, request_max_body_size=None)
async def take(request: Request[Any, Any, Any]) -> dict[str, int]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
    return {"size": size}


@post("/internal/introspect", status_code=200)
async def introspect() -> dict[str, object]:
    return {"active": True, "sub": "bench", "exp": time.time() + 3600, "access_token": "bench"}


@get("/readyz")
async def readyz() -> str:
    return "ok"


async def serve(port: int) -> None:
    app = Litestar([take, introspect, readyz], openapi_config=None)
    server = Server(app, port=port, interface=Interfaces.ASGINL, http=HTTPModes.http1, log_enabled=False)
    await server.serve()


def main(port: int) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(port))
