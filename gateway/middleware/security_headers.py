"""What every answer tells browsers, caches and the curious."""

from collections.abc import Mapping
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

YEAR_S = 365 * 24 * 3600

# Whatever an answer says itself stays; these are for what it is silent about.
DEFAULTS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",  # RFC 9111 §5.2.2.5; ASVS 5.0, 14.3.2: answers are about one person
    # ASVS 5.0, 3.4.3 and 3.4.6. The last two do not fall back to the first (CSP 3, §6.3.1, §6.4.2).
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",  # ASVS 5.0, 3.5.8
    "Referrer-Policy": "no-referrer",  # ASVS 5.0, 3.4.5: signed links stay out of referrers
    "X-Content-Type-Options": "nosniff",  # ASVS 5.0, 3.4.4
    # The HTTP server names itself unless somebody else is named (ASVS 5.0, 13.4.6).
    "Server": "tonegate",
}
STRICT_TRANSPORT = f"max-age={YEAR_S}; includeSubDomains"  # RFC 6797; ASVS 5.0, 3.4.1


class Hygiene:
    """ASGI middleware around everything. Over plain HTTP browsers ignore HSTS, and a development machine must
    not promise it for its other servers: it is said only where the public address is https.
    """

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self._app = app
        https = public_url.lower().startswith("https://")
        fields = {**DEFAULTS, **({"Strict-Transport-Security": STRICT_TRANSPORT} if https else {})}
        self._fields = [(name.lower().encode(), value.encode()) for name, value in fields.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = list(message["headers"])
                names = {name.lower() for name, _ in said}
                message["headers"] = said + [field for field in self._fields if field[0] not in names]
            await send(message)

        await self._app(scope, receive, answer if scope["type"] == ScopeType.HTTP else send)
