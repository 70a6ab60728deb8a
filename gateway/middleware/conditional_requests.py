"""Conditional requests for public resources: ETag and 304 (RFC 9110 §13)."""

import hashlib
from typing import Any, Final

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

from gateway.asgi import header, route_option

SHAREABLE_KEY: Final = "shareable"

CONTENT_FIELDS = ("content-length", "content-type")


def shareable(*, max_age_s: int) -> dict[str, Any]:
    """`opt=public | shareable(max_age_s=60)`: caches may keep the route's responses for that long."""
    return {SHAREABLE_KEY: max_age_s}


class ConditionalRequestsMiddleware:
    """For shareable routes, whose responses are sent in one message."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] not in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        start: HTTPResponseStartEvent | None = None

        async def send_validated(message: Message) -> None:
            nonlocal start
            max_age_s = route_option(scope, SHAREABLE_KEY)
            if (
                message["type"] == "http.response.start"
                and message["status"] == 200
                and max_age_s is not None
            ):
                start = message
                MutableScopeHeaders.from_message(start)["cache-control"] = f"public, max-age={max_age_s}"
                return
            if start is not None and message["type"] == "http.response.body":
                if not message["more_body"]:
                    message["body"] = validated(scope, start, message["body"])
                await send(start)
                start = None
            await send(message)

        await self._app(scope, receive, send_validated)


def validated(scope: Scope, start: HTTPResponseStartEvent, content: bytes) -> bytes:
    """Adds the ETag of `content` to `start`. When If-None-Match of the request has that ETag, makes `start` a
    304 (RFC 9110 §15.4.5) and returns no content.
    """
    headers = MutableScopeHeaders.from_message(start)
    # Weak, because the same content may be sent compressed (RFC 9110 §8.8.1).
    tag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers["etag"] = tag
    if not matches(header(scope, b"if-none-match"), tag):
        return content
    start["status"] = 304
    for name in CONTENT_FIELDS:
        if name in headers:
            del headers[name]
    return b""


def matches(if_none_match: str | None, tag: str) -> bool:
    """Weak comparison (RFC 9110 §13.1.2, §8.8.3.2)."""
    if if_none_match is None:
        return False
    tags = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in tags or tag.removeprefix("W/") in tags
