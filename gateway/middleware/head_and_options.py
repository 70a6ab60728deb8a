"""HEAD wherever there is GET, and the Allow header of OPTIONS and 405."""

from collections.abc import Collection
from typing import Any

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from shared.errors import MethodNotAllowed
from shared.http.problems import send_problem

UNKNOWN_METHOD: Any = "ALLOWED"
ALL_METHODS = "GET, HEAD, POST, PATCH, DELETE, OPTIONS"


class HeadCompleted(OSError):
    """Ends the streaming of a body that HEAD does not need, as a disconnect of the client would."""


class HeadAndOptionsMiddleware:
    """Routes for large bodies handle HEAD themselves. For all others HEAD is handled as GET without its body
    (RFC 9110 §9.3.2).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        if scope["path"] == "*":
            await answer_asterisk(scope["method"], send)
        elif scope["method"] == "HEAD":
            await self._head(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await self._app(scope, receive, completing_allow(send, await self._allowed(scope, receive)))
        else:
            await self._app(scope, receive, completing_allow(send))

    async def _allowed(self, scope: HTTPScope, receive: Receive) -> set[str]:
        """The methods in the 405 for an unknown method. Litestar's own response to OPTIONS lacks the methods
        of other handlers of the same path.
        """
        allowed: set[str] = set()

        async def read_allow(message: Message) -> None:
            if message["type"] == "http.response.start":
                allowed.update(names(MutableScopeHeaders.from_message(message).get("allow", "")))

        method = scope["method"]
        scope["method"] = UNKNOWN_METHOD
        try:
            await self._app(scope, receive, read_allow)
        finally:
            scope["method"] = method
        return allowed

    async def _head(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        response = HeadResponse(completing_allow(send))
        await self._app(scope, receive, response.send_unless_get)
        if not response.needs_get:
            return
        scope["method"] = "GET"
        try:
            await self._app(scope, receive, response.send_header)
        except HeadCompleted:
            return
        finally:
            scope["method"] = "HEAD"


class HeadResponse:
    """The response to HEAD: of the route's own handler, or else the header of its response to GET."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.needs_get = False
        self._ended = False

    async def send_unless_get(self, message: Message) -> None:
        """Drops the 405 of a route that has GET and no HEAD, and sets `needs_get` then."""
        if message["type"] == "http.response.start" and message["status"] == MethodNotAllowed.status:
            allowed = MutableScopeHeaders.from_message(message).get("allow", "")
            self.needs_get = "GET" in names(allowed)
        if not self.needs_get:
            await self._send(message)

    async def send_header(self, message: Message) -> None:
        """Raises HeadCompleted after the header of a response whose body is streamed."""
        if message["type"] == "http.response.start":
            await self._send(message)
            return
        if message["type"] != "http.response.body":
            return
        if not self._ended:
            self._ended = True
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        if message["more_body"]:
            raise HeadCompleted("the response to HEAD has no body")


def completing_allow(send: Send, known: Collection[str] = ()) -> Send:
    """`send` that adds `known`, and HEAD beside GET, to the Allow header. Without `known` it only completes a
    header that is there.
    """

    async def send_completed(message: Message) -> None:
        if message["type"] == "http.response.start" and (
            known or any(name.lower() == b"allow" for name, _ in message["headers"])
        ):
            headers = MutableScopeHeaders.from_message(message)
            allowed = names(headers.get("allow", ""))
            allowed |= {*known}
            if allowed:
                allowed |= {"HEAD"} if "GET" in allowed else set()
                headers["allow"] = ", ".join(sorted(allowed))
        await send(message)

    return send_completed


async def answer_asterisk(method: str, send: Send) -> None:
    """`OPTIONS *` (RFC 9110 §9.3.7)."""
    if method != "OPTIONS":
        await send_problem(MethodNotAllowed(headers={"Allow": "OPTIONS"}), send, is_head=method == "HEAD")
        return
    headers = [(b"allow", ALL_METHODS.encode())]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def names(field: str) -> set[str]:
    """The comma-separated names in the value of a header field."""
    return {name.strip() for name in field.split(",") if name.strip()}
