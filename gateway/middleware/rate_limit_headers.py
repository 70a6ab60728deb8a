"""RateLimit headers on every response, and the counting of requests that match no route."""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

from gateway.identity.auth_guard import READING_KEY, UNCOUNTED_KEY
from gateway.identity.client_address import ClientAddresses
from gateway.limits.rate_limit import LimitReached, Rate, RateLimits, Reading
from shared.http.problems import send_problem

UNCOUNTED = frozenset({503})
"""Refusing requests of an overloaded process must stay cheaper than counting them."""


class RateLimitMiddleware:
    """AuthGuard counts the requests that match a route. Unknown paths and methods are counted here for the
    client's address, and answered with 429 above its limit.
    """

    def __init__(self, app: ASGIApp, limits: RateLimits, addresses: ClientAddresses) -> None:
        self._app, self._limits, self._addresses = app, limits, addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        refused = False

        async def send_counted(message: Message) -> None:
            nonlocal refused
            if refused:
                return
            if message["type"] == "http.response.start":
                try:
                    reading = await self._reading(scope, message["status"])
                except LimitReached as reached:
                    refused = True
                    is_head = scope["method"] == "HEAD"
                    await send_problem(
                        reached, with_rate_limit_headers(send, reached.reading), is_head=is_head
                    )
                    return
                add_rate_limit_headers(message, reading)
            await send(message)

        await self._app(scope, receive, send_counted)

    async def _reading(self, scope: Scope, status: int) -> Reading | None:
        """Raises LimitReached."""
        reading = scope.get("state", {}).get(READING_KEY)
        if isinstance(reading, Reading):
            return reading
        if status in UNCOUNTED or UNCOUNTED_KEY in scope.get("state", {}) or scope["type"] != ScopeType.HTTP:
            return None
        return await self._limits.hit(Rate.DEFAULT, f"address:{self._addresses.key(scope)}")


def with_rate_limit_headers(send: Send, reading: Reading) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            add_rate_limit_headers(message, reading)
        await send(message)

    return send_with_headers


def add_rate_limit_headers(start: HTTPResponseStartEvent, reading: Reading | None) -> None:
    if reading is not None:
        fields = [(name.lower().encode(), value.encode()) for name, value in reading.headers().items()]
        start["headers"] = [*start["headers"], *fields]
