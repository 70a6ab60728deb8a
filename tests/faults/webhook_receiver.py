"""Where the webhooks of everybody in a run go: counts, by conversion, the messages and their repetitions."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


class Receiver:
    """Listens on this machine for as long as `listening` runs."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"
        self._port = port
        self._told: dict[str, Counter[str]] = defaultdict(Counter)

    def deliveries(self, conversion_id: str) -> Counter[str]:
        """So far: each id a message, and how often it came."""
        return Counter(self._told[conversion_id])

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
        self._told[str(message["data"]["id"])][request.headers["webhook-id"]] += 1
        return web.Response(status=204)
