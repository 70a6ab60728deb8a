"""Stubs of auth_service and converter, which respond from memory."""

import time
from collections.abc import Mapping
from typing import Any

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from litestar import Litestar, Request, get, post

JSON = [("content-type", "application/json")]


class Recorded:
    """Responds with `answers` by path, and with `ok` to all other paths."""

    def __init__(self, answers: Mapping[str, bytes]) -> None:
        self._answers = answers

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        if scope.method == "POST":
            await protocol()
        protocol.response_bytes(200, JSON, self._answers.get(scope.path, b'{"status":"ok"}'))


@post("/v1/conversions", status_code=202, request_max_body_size=None)
async def take(request: Request[Any, Any, Any]) -> dict[str, int]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
    return {"size": size}


@post("/internal/introspect", status_code=200)
async def introspect() -> dict[str, object]:
    return {"active": True, "sub": "bench", "exp": time.time() + 3600}


@get("/readyz")
async def readyz() -> str:
    return "ok"


def serve_recorded(port: int, answers: Mapping[str, bytes]) -> None:
    """Repeats recorded responses of auth_service."""
    uvloop.run(_serve(Recorded(answers), port, Interfaces.RSGI))


def serve_uploads(port: int) -> None:
    """Accepts every token and discards uploads."""
    app = Litestar([take, introspect, readyz], openapi_config=None)
    uvloop.run(_serve(app, port, Interfaces.ASGINL))


async def _serve(app: object, port: int, interface: Interfaces) -> None:
    server = Server(app, port=port, interface=interface, http=HTTPModes.http1, log_enabled=False)
    await server.serve()
