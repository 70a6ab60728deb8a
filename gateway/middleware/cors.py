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


class CorsPolicy:
    """`origins` as browsers send them (`https://app.example.org`), or `*` for all."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._all = "*" in origins
        self._origins = frozenset(origin.lower() for origin in origins)

    @property
    def is_off(self) -> bool:
        return not self._origins

    def allowed(self, origin: str | None) -> str | None:
        """The value of Access-Control-Allow-Origin: `*`, the request's origin when it is allowed, or None."""
        if origin is None or self.is_off:
            return None
        if self._all:
            return "*"
        return origin if origin.lower() in self._origins else None

    def response_fields(self, origin: str | None) -> Mapping[str, str]:
        """Header fields of a response to a request of `origin`, the value of its field Origin."""
        allowed = self.allowed(origin)
        fields = {} if self._all or self.is_off else {"vary": "Origin"}
        if allowed is not None:
            fields["access-control-allow-origin"] = allowed
            fields["access-control-expose-headers"] = ", ".join(RESPONSE_FIELDS)
        return fields


class CorsMiddleware:
    """Answers preflight requests, and adds the policy's fields to every response."""

    def __init__(self, app: ASGIApp, policy: CorsPolicy) -> None:
        self._app, self._policy = app, policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or self._policy.is_off:
            await self._app(scope, receive, send)
            return
        asked = header(scope, b"origin")
        origin = self._policy.allowed(asked)
        if origin is not None and is_preflight(scope):
            await preflight(origin, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableScopeHeaders.from_message(message)
                for name, value in self._policy.response_fields(asked).items():
                    if name == "vary":
                        headers.extend_header_value(name, value)
                    else:
                        headers[name] = value
            await send(message)

        await self._app(scope, receive, send_with_headers)


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
