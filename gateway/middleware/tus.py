"""What tus 1.0.0 asks of every request and answer, also of those that never reach an upload."""

import re
from typing import Final

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import HttpMethod, ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import InvalidRequest
from shared.http.problem_response import send_problem

VERSION: Final = "1.0.0"
PATH = re.compile(r"/v1/uploads(?:/.*)?")
OVERRIDES: Final = {method.value: method for method in HttpMethod}


class Tus:
    """ASGI middleware. `X-HTTP-Method-Override` counts beneath `/v1/uploads` alone: elsewhere it could lead
    past what a proxy in front of us allows.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not PATH.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableScopeHeaders.from_message(message)["tus-resumable"] = VERSION
            await send(message)

        meant = meant_method(scope)
        if meant is None:
            await self._app(scope, receive, answer)
        elif meant in OVERRIDES:
            scope["method"] = OVERRIDES[meant]
            await self._app(scope, receive, answer)
        else:
            await send_problem(
                InvalidRequest("X-HTTP-Method-Override names no method."), answer, is_head=False
            )


def meant_method(scope: Scope) -> str | None:
    """None when it is the one that was sent."""
    found = (value for name, value in scope["headers"] if name == b"x-http-method-override")
    value = next(found, None)
    return None if value is None else value.decode("latin-1").strip().upper()
