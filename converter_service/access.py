"""Closed by default: every route asks for an access token, unless it says `opt=public`."""

from typing import Any, Protocol

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from converter_service.service import Owner
from shared.errors import Forbidden, Unauthenticated

ADMIN = "admin"
# What an API key may be limited to. Safe methods (RFC 9110 §9.2.1) look, all others change something.
READ, WRITE = "conversions:read", "conversions:write"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

Connection = ASGIConnection[Any, Any, Any, Any]


class Tokens(Protocol):
    async def owner(self, token: str, scope: str) -> Owner:
        """Raises Unauthenticated, Forbidden when the token is good but not for `scope`, and Unavailable when
        it cannot be known.
        """


def public() -> dict[str, bool]:
    """For routes that ask for no token, or see to it themselves."""
    return {"public": True}


def signed_in(tokens: Tokens) -> Guard:
    """A guard that puts the Owner into `request.user`."""

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        if not handler.opt.get("public"):
            connection.scope["user"] = await owner_of(connection, tokens)

    return guard


async def administrators_only(connection: Connection, _: BaseRouteHandler) -> None:
    """A guard after `signed_in`: whoever routes here is not asked, the token's own roles are."""
    owner = connection.scope.get("user")
    if not isinstance(owner, Owner) or ADMIN not in owner.roles:
        raise Forbidden("This needs the role admin.")


async def owner_of(connection: Connection, tokens: Tokens) -> Owner:
    """Raises Unauthenticated, and Forbidden for a token that may not do this."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated
    looks = connection.scope.get("method") in SAFE
    return await tokens.owner(token.strip(), READ if looks else WRITE)
