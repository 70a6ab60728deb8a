"""Receiver of all webhooks of a run; counts deliveries by conversion and message."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


class Receiver:
    """Listens on 127.0.0.1 while `listening` is entered."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"
        self._port = port
        self._received: dict[str, Counter[str]] = defaultdict(Counter)

    def deliveries(self, conversion_id: str) -> Counter[str]:
        """Returns the number of deliveries so far by message id."""
        return Counter(self._received[conversion_id])

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
        self._received[str(message["data"]["id"])][request.headers["webhook-id"]] += 1
        return web.Response(status=204)
