"""The parts of tus 1.0.0 that hold for every request and response below `/v1/uploads`."""

import re
from typing import Final

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import HttpMethod, ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import InvalidRequest
from shared.http.problems import send_problem

VERSION: Final = "1.0.0"
PATH = re.compile(r"/v1/uploads(?:/.*)?")
OVERRIDES: Final = {method.value: method for method in HttpMethod}


class TusMiddleware:
    """Adds Tus-Resumable to responses and applies X-HTTP-Method-Override, here only: on other paths it could
    bypass the rules of a proxy in front of the gateway.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not PATH.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return

        async def send_with_version(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableScopeHeaders.from_message(message)["tus-resumable"] = VERSION
            await send(message)

        method = overriding_method(scope)
        if method is None:
            await self._app(scope, receive, send_with_version)
        elif method in OVERRIDES:
            scope["method"] = OVERRIDES[method]
            await self._app(scope, receive, send_with_version)
        else:
            await send_problem(
                InvalidRequest("X-HTTP-Method-Override is not a known method."),
                send_with_version,
                is_head=False,
            )


def overriding_method(scope: Scope) -> str | None:
    """The value of X-HTTP-Method-Override in upper case; None when the request has none."""
    found = (value for name, value in scope["headers"] if name == b"x-http-method-override")
    value = next(found, None)
    return None if value is None else value.decode("latin-1").strip().upper()
