"""Closed by default: every route asks for an access token, unless it says `opt=public`."""

from typing import Any, Protocol

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from converter_service.service import Owner
from shared.errors import Unauthenticated

Connection = ASGIConnection[Any, Any, Any, Any]


class Tokens(Protocol):
    async def owner(self, token: str) -> Owner:
        """Raises Unauthenticated, and Unavailable when it cannot be known."""


def public() -> dict[str, bool]:
    """For routes that ask for no token, or see to it themselves."""
    return {"public": True}


def signed_in(tokens: Tokens) -> Guard:
    """A guard that puts the Owner into `request.user`."""

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        if not handler.opt.get("public"):
            connection.scope["user"] = await owner_of(connection, tokens)

    return guard


async def owner_of(connection: Connection, tokens: Tokens) -> Owner:
    """Raises Unauthenticated."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated
    return await tokens.owner(token.strip())
