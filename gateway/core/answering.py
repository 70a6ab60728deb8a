"""The last touch on every answer: rate-limit headers, and nothing about the server."""

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from gateway.core.guards import READING_KEY
from gateway.core.rate_limit import Reading


class RateLimitHeaders:
    """ASGI middleware: where a request was counted, its answer says so, also when it is an error."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                reading = scope.get("state", {}).get(READING_KEY)
                if isinstance(reading, Reading):
                    headers = MutableScopeHeaders.from_message(message)
                    for name, value in reading.headers().items():
                        headers[name] = value
            await send(message)

        await self._app(scope, receive, answer)
