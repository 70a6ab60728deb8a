"""Who may call the converter: whoever shows an access token, on every route that does not say otherwise."""

from typing import Protocol

from litestar.handlers import BaseRouteHandler

from converter_service.conversions.owner import Owner
from shared.errors import Forbidden
from shared.http import AsyncGuard, auth_guard
from shared.http.auth_guard import Connection, public
from shared.identity.access_tokens import AccessTokens

__all__ = ["Owners", "Tokens", "administrators_only", "owner_of", "public", "signed_in"]

ADMIN = "admin"


class Tokens(Protocol):
    async def owner(self, token: str, scope: str) -> Owner:
        """Raises Unauthenticated, Forbidden when the token is good but not for `scope`, and Unavailable when
        it cannot be known.
        """


class Owners:
    """Tokens of auth_service. With `verified_email_only` no mail goes to an address that nobody proved."""

    def __init__(self, tokens: AccessTokens, *, verified_email_only: bool = False) -> None:
        self._tokens = tokens
        self._verified_email_only = verified_email_only

    async def owner(self, token: str, scope: str) -> Owner:
        principal = await self._tokens.principal(token, scope)
        may_get_mail = principal.email_verified or not self._verified_email_only
        return Owner(principal.user_id, principal.email if may_get_mail else "", principal.roles)


def signed_in(tokens: Tokens) -> AsyncGuard:
    """A guard that puts the Owner into `request.user`."""
    return auth_guard.require_token(tokens.owner)


async def administrators_only(connection: Connection, _: BaseRouteHandler) -> None:
    """A guard after `signed_in`: whoever routes here is not asked, the token's own roles are."""
    owner = connection.scope.get("user")
    if not isinstance(owner, Owner) or ADMIN not in owner.roles:
        raise Forbidden("This needs the role admin.")


async def owner_of(connection: Connection, tokens: Tokens) -> Owner:
    """Raises Unauthenticated, and Forbidden for a token that may not do this."""
    return await auth_guard.authenticated(connection, tokens.owner)
