"""Route guard that requires an access token on every route without `opt=public()`."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from shared.errors import Unauthenticated
from shared.http.application import AsyncGuard
from shared.identity.bearer import bearer_token
from shared.identity.scopes import RESOURCE_KEY, required_scopes

T = TypeVar("T")
DEFAULT_RESOURCE = "conversions"
Connection = ASGIConnection[Any, Any, Any, Any]
Authenticate: TypeAlias = Callable[[str, Sequence[str]], Awaitable[T]]
"""(token, required scopes) → the principal. Raises InvalidToken, InsufficientScope, and Unavailable when the
token cannot be verified at the moment.
"""


def public() -> dict[str, bool]:
    """Route option: the route requires no token, or authenticates by itself."""
    return {"public": True}


def require_token(authenticate: Authenticate[object]) -> AsyncGuard:
    """A guard that stores the principal in `request.user`."""

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        if not handler.opt.get("public"):
            connection.scope["user"] = await authenticated(connection, authenticate)

    return guard


async def authenticated(connection: Connection, authenticate: Authenticate[T]) -> T:
    """The principal of a request, whose route may name its resource and further scopes in its options.
    Raises Unauthenticated without a token, else what `authenticate` raises.
    """
    token = bearer_token(connection.headers.getall("authorization", []))
    if token is None:
        raise Unauthenticated
    opt = {RESOURCE_KEY: DEFAULT_RESOURCE, **connection.route_handler.opt}
    return await authenticate(token, required_scopes(opt, str(connection.scope.get("method"))) or ())
