"""Receiver of all webhooks of a run; notes the time of each delivery by conversion and message."""

import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from tests.faults.notifications import Arrivals


class Receiver:
    """Listens on 127.0.0.1 while `listening` is entered."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"
        self._port = port
        self._received: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))

    def deliveries(self, conversion_id: str) -> Arrivals:
        """Returns the times of the deliveries so far by message id."""
        return {message: tuple(times) for message, times in self._received[conversion_id].items()}

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_post("/hook", self._take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self._port).start()
            yield
        finally:
            await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        message = await request.json()
        self._received[str(message["data"]["id"])][request.headers["webhook-id"]].append(time.time())
        return web.Response(status=204)
