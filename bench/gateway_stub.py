"""Stub of auth_service that repeats recorded responses from memory."""

import asyncio
from collections.abc import Mapping
from typing import Any

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

JSON = [("content-type", "application/json")]


class Sink:
    """Responds with `answers` by path, and with `ok` to all other paths."""

    def __init__(self, answers: Mapping[str, bytes]) -> None:
        self._answers = answers

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        if scope.method == "POST":
            await protocol()
        protocol.response_bytes(200, JSON, self._answers.get(scope.path, b'{"status":"ok"}'))


async def serve(port: int, answers: Mapping[str, bytes]) -> None:
    server = Server(
        Sink(answers), port=port, interface=Interfaces.RSGI, http=HTTPModes.http1, log_enabled=False
    )
    await server.serve()


def main(port: int, answers: Mapping[str, bytes]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(port, answers))
