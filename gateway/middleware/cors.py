"""CORS (Fetch standard §3.2): browsers may call this API from the origins in the settings (ASVS 5.0, 3.4.2).

No response allows credentials: cookies are for this server's own page alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from gateway.asgi import header

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
REQUEST_FIELDS = (
    "Authorization",
    "Content-Digest",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "If-Range",
    "Last-Event-ID",
    "Range",
    "Tus-Resumable",
    "Upload-Checksum",
    "Upload-Concat",
    "Upload-Defer-Length",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
    "X-HTTP-Method-Override",
    "X-Request-ID",
)
RESPONSE_FIELDS = (
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Tonegate-Conversion-Id",
    "Tus-Checksum-Algorithm",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Resumable",
    "Tus-Version",
    "Upload-Concat",
    "Upload-Defer-Length",
    "Upload-Expires",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
    "WWW-Authenticate",
    "X-Request-ID",
)
MAX_AGE_S = 600


class CorsMiddleware:
    """`origins` as browsers send them (`https://app.example.org`), or `*` for all."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._all = "*" in origins
        self._origins = frozenset(origin.lower() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not self._origins:
            await self._app(scope, receive, send)
            return
        origin = self._allowed(scope)
        if origin is not None and is_preflight(scope):
            await preflight(origin, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableScopeHeaders.from_message(message)
                if not self._all:
                    headers.extend_header_value("vary", "Origin")
                if origin is not None:
                    headers["access-control-allow-origin"] = origin
                    headers["access-control-expose-headers"] = ", ".join(RESPONSE_FIELDS)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _allowed(self, scope: Scope) -> str | None:
        """The value of Access-Control-Allow-Origin: `*`, the request's origin when it is allowed, or None."""
        origin = header(scope, b"origin")
        if origin is None:
            return None
        if self._all:
            return "*"
        return origin if origin.lower() in self._origins else None


def is_preflight(scope: Mapping[str, Any]) -> bool:
    return scope["method"] == "OPTIONS" and header(scope, b"access-control-request-method") is not None


async def preflight(origin: str, send: Send) -> None:
    """Answers a preflight request, which browsers send without a token."""
    fields = {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": ", ".join(METHODS),
        "access-control-allow-headers": ", ".join(REQUEST_FIELDS),
        "access-control-max-age": str(MAX_AGE_S),
        "vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
    }
    headers = [(name.encode(), value.encode("latin-1")) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
