"""Answers that are the same for everybody: they have a validator, and who has one already gets a 304."""

import hashlib
from typing import Any, Final

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

from gateway.asgi import header, route_option

SHAREABLE_KEY: Final = "shareable"

CONTENT_FIELDS = ("content-length", "content-type")


def shareable(*, max_age_s: int) -> dict[str, Any]:
    """`opt=public | shareable(max_age_s=60)`: caches may keep the answers of this route for that long."""
    return {SHAREABLE_KEY: max_age_s}


class Validators:
    """ASGI middleware, for answers that are made here and sent in one piece."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] not in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        start: HTTPResponseStartEvent | None = None

        async def answer(message: Message) -> None:
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

        await self._app(scope, receive, answer)


def validated(scope: Scope, start: HTTPResponseStartEvent, content: bytes) -> bytes:
    """Names the content in `start`, and makes it a 304 (RFC 9110 §15.4.5) for who has that content."""
    headers = MutableScopeHeaders.from_message(start)
    # Weak, since the same content may be sent compressed (RFC 9110 §8.8.1).
    tag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers["etag"] = tag
    if not is_known(header(scope, b"if-none-match"), tag):
        return content
    start["status"] = 304
    for name in CONTENT_FIELDS:
        if name in headers:
            del headers[name]
    return b""


def is_known(if_none_match: str | None, tag: str) -> bool:
    """Weak comparison (RFC 9110 §13.1.2, §8.8.3.2)."""
    if if_none_match is None:
        return False
    known = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in known or tag.removeprefix("W/") in known
