"""HEAD wherever there is GET, and what OPTIONS and 405 say of a resource."""

from collections.abc import Collection
from typing import Any

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from shared.errors import MethodNotAllowed
from shared.http.problem_response import send_problem

NOBODYS: Any = "ALLOWED"
EVERYWHERE = "GET, HEAD, POST, PATCH, DELETE, OPTIONS"


class HeaderIsEnough(OSError):
    """Nobody reads the body of an answer to HEAD; for whoever streams it this is a client that left."""


class Methods:
    """ASGI middleware. A route may answer HEAD itself, which is cheaper for large bodies; for all others the
    answer to GET is made and its body dropped (RFC 9110 §9.3.2).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        if scope["path"] == "*":
            await about_everything(scope["method"], send)
        elif scope["method"] == "HEAD":
            await self._head(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await self._app(scope, receive, completing_allow(send, await self._allowed(scope, receive)))
        else:
            await self._app(scope, receive, completing_allow(send))

    async def _allowed(self, scope: HTTPScope, receive: Receive) -> set[str]:
        """What the refusal of a method that nobody has says. Litestar's own answer to OPTIONS forgets the
        methods of other handlers of the same path.
        """
        allowed: set[str] = set()

        async def listen(message: Message) -> None:
            if message["type"] == "http.response.start":
                allowed.update(names(MutableScopeHeaders.from_message(message).get("allow", "")))

        method = scope["method"]
        scope["method"] = NOBODYS
        try:
            await self._app(scope, receive, listen)
        finally:
            scope["method"] = method
        return allowed

    async def _head(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        answer = Unanswered(completing_allow(send))
        await self._app(scope, receive, answer.unless_get_is_meant)
        if not answer.get_is_meant:
            return
        scope["method"] = "GET"
        try:
            await self._app(scope, receive, answer.header_alone)
        except HeaderIsEnough:
            return
        finally:
            scope["method"] = "HEAD"


class Unanswered:
    """An answer to HEAD that is held back while it may be another's."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.get_is_meant = False
        self._ended = False

    async def unless_get_is_meant(self, message: Message) -> None:
        """Swallows the 405 of a route that has GET and no HEAD."""
        if message["type"] == "http.response.start" and message["status"] == MethodNotAllowed.status:
            allowed = MutableScopeHeaders.from_message(message).get("allow", "")
            self.get_is_meant = "GET" in names(allowed)
        if not self.get_is_meant:
            await self._send(message)

    async def header_alone(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._send(message)
            return
        if message["type"] != "http.response.body":
            return
        if not self._ended:
            self._ended = True
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        if message["more_body"]:
            raise HeaderIsEnough("the answer to HEAD has no body")


def completing_allow(send: Send, known: Collection[str] = ()) -> Send:
    """`send` whose Allow names what else is known to be, and HEAD beside GET; it need not be there yet."""

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start" and (
            known or any(name.lower() == b"allow" for name, _ in message["headers"])
        ):
            headers = MutableScopeHeaders.from_message(message)
            allowed = names(headers.get("allow", ""))
            if allowed or known:
                allowed |= {*known, *({"HEAD"} if "GET" in allowed else ())}
                headers["allow"] = ", ".join(sorted(allowed))
        await send(message)

    return answer


async def about_everything(method: str, send: Send) -> None:
    """`OPTIONS *` (RFC 9110 §9.3.7)."""
    if method != "OPTIONS":
        await send_problem(MethodNotAllowed(headers={"Allow": "OPTIONS"}), send, is_head=method == "HEAD")
        return
    headers = [(b"allow", EVERYWHERE.encode())]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def names(field: str) -> set[str]:
    return {name.strip() for name in field.split(",") if name.strip()}
