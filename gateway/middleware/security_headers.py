"""Security headers, and Cache-Control, on every response."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

# Added unless the response has the field already.
DEFAULTS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",  # RFC 9111 §5.2.2.5; ASVS 5.0, 14.3.2: responses are about one account
    # ASVS 5.0, 3.4.3 and 3.4.6. The last two do not fall back to the first (CSP 3, §6.3.1, §6.4.2).
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",  # ASVS 5.0, 3.5.8
    "Referrer-Policy": "no-referrer",  # ASVS 5.0, 3.4.5: signed links stay out of referrers
    "X-Content-Type-Options": "nosniff",  # ASVS 5.0, 3.4.4
    # Otherwise the HTTP server would add its own name (ASVS 5.0, 13.4.6).
    "Server": "tonegate",
}


class SecurityHeadersMiddleware:
    """Adds Strict-Transport-Security only when the public URL is https: browsers ignore it over plain HTTP,
    and on a development machine it would hold for its other servers too.
    """

    def __init__(self, app: ASGIApp, public_url: str, hsts_max_age: timedelta) -> None:
        self._app = app
        # RFC 6797; ASVS 5.0, 3.4.1
        strict = f"max-age={int(hsts_max_age.total_seconds())}; includeSubDomains"
        https = public_url.lower().startswith("https://")
        fields = {**DEFAULTS, **({"Strict-Transport-Security": strict} if https else {})}
        self._fields = [(name.lower().encode(), value.encode()) for name, value in fields.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = list(message["headers"])
                names = {name.lower() for name, _ in sent}
                message["headers"] = sent + [field for field in self._fields if field[0] not in names]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == ScopeType.HTTP else send)
