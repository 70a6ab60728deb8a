"""Access rules of the converter: whose email address counts, and who may administer."""

from collections.abc import Sequence
from dataclasses import dataclass

from litestar.handlers import BaseRouteHandler
from msgspec.structs import replace

from shared.errors import Forbidden
from shared.http.auth_guard import Connection
from shared.identity.gateway_tokens import GatewayTokens
from shared.identity.principal import Principal

ADMIN = "admin"


@dataclass(frozen=True)
class TokenAuthenticator:
    """Verifies the gateway's tokens. With `verified_email_only` a principal whose address is not
    verified has no `email`, so that its results are not mailed.
    """

    tokens: GatewayTokens
    verified_email_only: bool = False

    async def principal(self, token: str, scopes: Sequence[str]) -> Principal:
        """Raises InvalidToken, InsufficientScope."""
        principal = await self.tokens.principal(token, scopes)
        if self.verified_email_only and not principal.email_verified:
            return replace(principal, email="")
        return principal


async def administrators_only(connection: Connection, _: BaseRouteHandler) -> None:
    """A guard that requires the role admin in the token itself, whatever the gateway has checked."""
    principal = connection.scope.get("user")
    if not isinstance(principal, Principal) or ADMIN not in principal.roles:
        raise Forbidden("This needs the role admin.")
