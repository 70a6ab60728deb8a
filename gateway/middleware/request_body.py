"""Request body deadlines."""

from datetime import timedelta
from typing import cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway.limits.incoming_body import BODY_KEY, JSON_TIMEOUT, IncomingBody
from shared.http.body_drain import has_body


class RequestBodyMiddleware:
    """Gives each request with a body an IncomingBody."""

    def __init__(self, app: ASGIApp, idle: timedelta) -> None:
        self._app, self._idle = app, idle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not has_body(scope):
            await self._app(scope, receive, send)
            return
        body = IncomingBody(receive, self._idle, min(self._idle, JSON_TIMEOUT))
        scope.setdefault("state", {})[BODY_KEY] = body
        await self._app(scope, cast("Receive", body.receive), send)
