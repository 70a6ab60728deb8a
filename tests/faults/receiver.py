"""Where the webhooks of everybody in a run go: counts, by conversion, the ids under which messages came."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


class Receiver:
    """Listens on this machine for as long as `listening` runs."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"
        self._port = port
        self._told: dict[str, set[str]] = defaultdict(set)

    def ids(self, conversion_id: str) -> set[str]:
        """Each a message; the same one any number of times counts once."""
        return self._told[conversion_id]

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
        self._told[str(message["data"]["id"])].add(request.headers["webhook-id"])
        return web.Response(status=204)
