"""Release of what a request holds (concurrency slots, event stream watches) when its response has ended."""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway.limits.concurrency import RELEASE_KEY


class ReleaseMiddleware:
    """Calls the functions registered by `on_release`, after success, failure and cancellation alike."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        try:
            await self._app(scope, receive, send)
        finally:
            for act in state.pop(RELEASE_KEY, ()):
                act()
