"""Every answer has been counted for somebody and says how that one stands; health alone is not counted."""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

from gateway.identity.auth_guard import READING_KEY, UNCOUNTED_KEY
from gateway.identity.client_address import ClientAddresses
from gateway.limits.rate_limit import LimitReached, Rate, RateLimits, Reading
from shared.http.problem_response import send_problem

UNCOUNTED = frozenset({503})
"""Shedding must stay cheaper than counting."""


class Counting:
    """ASGI middleware. The door counts what reaches a route; what does not (unknown paths, wrong methods) is
    counted here for its address, and becomes a 429 like everything else when there is too much of it.
    """

    def __init__(self, app: ASGIApp, limits: RateLimits, addresses: ClientAddresses) -> None:
        self._app, self._limits, self._addresses = app, limits, addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        refused = False

        async def answer(message: Message) -> None:
            nonlocal refused
            if refused:
                return
            if message["type"] == "http.response.start":
                try:
                    reading = await self._reading(scope, message["status"])
                except LimitReached as reached:
                    refused = True
                    await send_problem(
                        reached, told(send, reached.reading), is_head=scope["method"] == "HEAD"
                    )
                    return
                tell(message, reading)
            await send(message)

        await self._app(scope, receive, answer)

    async def _reading(self, scope: Scope, status: int) -> Reading | None:
        reading = scope.get("state", {}).get(READING_KEY)
        if isinstance(reading, Reading):
            return reading
        if status in UNCOUNTED or UNCOUNTED_KEY in scope.get("state", {}) or scope["type"] != ScopeType.HTTP:
            return None
        return await self._limits.hit(Rate.DEFAULT, f"address:{self._addresses.key(scope)}")


def told(send: Send, reading: Reading | None) -> Send:
    """`send` whose answers carry the reading."""

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            tell(message, reading)
        await send(message)

    return answer


def tell(start: HTTPResponseStartEvent, reading: Reading | None) -> None:
    if reading is not None:
        fields = [(name.lower().encode(), value.encode()) for name, value in reading.headers().items()]
        start["headers"] = [*start["headers"], *fields]
