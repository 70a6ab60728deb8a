"""Closed by default: every route of a service asks for an access token, unless it says `opt=public()`."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from shared.errors import Unauthenticated
from shared.http.application import AsyncGuard
from shared.identity.scopes import READ, SAFE, WRITE

T = TypeVar("T")
Connection = ASGIConnection[Any, Any, Any, Any]
# (token, scope) → whose it is. Raises Unauthenticated, Forbidden when the token is good but not for this
# scope, and Unavailable when it cannot be known.
Recognise: TypeAlias = Callable[[str, str], Awaitable[T]]


def public() -> dict[str, bool]:
    """For routes that ask for no token, or see to it themselves."""
    return {"public": True}


def signed_in(recognise: Recognise[object]) -> AsyncGuard:
    """A guard that puts whoever it is into `request.user`."""

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        if not handler.opt.get("public"):
            connection.scope["user"] = await bearer_of(connection, recognise)

    return guard


async def bearer_of(connection: Connection, recognise: Recognise[T]) -> T:
    """Raises Unauthenticated, and Forbidden for a token that may not do this."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated
    looks = connection.scope.get("method") in SAFE
    return await recognise(token.strip(), READ if looks else WRITE)
