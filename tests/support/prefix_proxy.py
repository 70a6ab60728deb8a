"""A reverse proxy that serves another server below a path, and strips that path from requests."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from tests.support.wait import PATIENCE_S

# Of a single connection (RFC 9110 §7.6.1), or computed again by the client of the server behind.
OWN_FIELDS = ("connection", "transfer-encoding", "host", "keep-alive")


class PrefixProxy:
    """Passes bodies on as they arrive, and all other fields unchanged, `Location` too."""

    def __init__(self, http: aiohttp.ClientSession, prefix: str, target: str) -> None:
        self._http, self._prefix, self._target = http, prefix, target

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if not request.raw_path.startswith(f"{self._prefix}/"):
            return web.Response(status=404, text="not of this application")
        url = URL(self._target + request.raw_path.removeprefix(self._prefix), encoded=True)
        body = request.content if request.can_read_body else None
        async with self._http.request(
            request.method,
            url,
            headers=CIMultiDict(passed(request.headers)),
            data=body,
            allow_redirects=False,
        ) as upstream:
            answer = web.StreamResponse(status=upstream.status, headers=CIMultiDict(passed(upstream.headers)))
            await answer.prepare(request)
            async for piece in upstream.content.iter_any():
                await answer.write(piece)
            return answer


def passed(headers: Mapping[str, str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in OWN_FIELDS)


@asynccontextmanager
async def prefix_proxy(port: int, prefix: str, target: str) -> AsyncIterator[str]:
    """Serves `target` at `port` below `prefix`, which begins with a slash; yields its URL."""
    limit = aiohttp.ClientTimeout(total=PATIENCE_S)
    async with aiohttp.ClientSession(auto_decompress=False, timeout=limit) as http:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", PrefixProxy(http, prefix, target).answer)
        runner = web.AppRunner(app, auto_decompress=False)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            yield f"http://127.0.0.1:{port}{prefix}"
        finally:
            await runner.cleanup()
